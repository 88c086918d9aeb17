import type { Rejection } from "./authorization.ts";
import type { Keeper } from "../state/records.ts";

/**
 * A refusal as EC2, or the Security Token Service beside it, words it: code, HTTP status, message. The codes are those of
 * "Error codes for the Amazon EC2 API" (errors-overview); client errors are 400 where nothing else is known.
 */
export class Ec2Error extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = "Ec2Error";
    this.code = code;
    this.status = status;
  }
}

/**
 * Statuses that are not 400: of the services' common errors (errors-overview; STS' CommonErrors), as observed where they
 * differ.
 */
const STATUSES: Readonly<Record<number, readonly string[]>> = {
  401: ["AuthFailure", "OptInRequired"],
  403: [
    ...["UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "ExpiredToken"],
    ...["ExpiredTokenException", "SignatureDoesNotMatch", "MissingAuthenticationToken", "UnrecognizedClientException"],
  ],
  412: ["DryRunOperation"],
  500: ["InternalError", "InternalFailure"],
  503: ["RequestLimitExceeded", "ServiceUnavailable", "Unavailable", "SlowDown"],
};

/** The HTTP status that a code comes with. */
export function statusOf(code: string): number {
  return Number(Object.entries(STATUSES).find(([, codes]) => codes.includes(code))?.[0] ?? 400);
}

export const missingParameter = (name: string): Ec2Error =>
  new Ec2Error("MissingParameter", `The request must contain the parameter ${name}`);

export const invalidValue = (name: string, value: string, why: string): Ec2Error =>
  new Ec2Error("InvalidParameterValue", `Value (${value}) for parameter ${name} is invalid. ${why}`);

export const authFailure = (): Ec2Error =>
  new Ec2Error("AuthFailure", "AWS was not able to validate the provided access credentials", 401);

/** So answers the live service: an unsigned call lacks a parameter, and temporary keys expire as requests do. */
export function ec2Rejection(why: Rejection): Ec2Error {
  if (why === "unsigned") return missingParameter("AWSAccessKeyId");
  return why === "expired" ? new Ec2Error("RequestExpired", "Request has expired.") : authFailure();
}

export const unauthorizedOperation = (action: string): Ec2Error =>
  new Ec2Error("UnauthorizedOperation", `You are not authorized to perform ec2:${action}.`, 403);

/** Where the region was not opted in; HTTP 401 by reports (Appliscale/cloud-security-audit issue 24). */
export const optInRequired = (): Ec2Error =>
  new Ec2Error("OptInRequired", "You are not subscribed to this service.", 401);

/** Real EC2 answers 503 and the SDK takes it for throttling. */
export const requestLimitExceeded = (): Ec2Error =>
  new Ec2Error("RequestLimitExceeded", "Request limit exceeded.", 503);

/** The success of a dry run; HTTP 412 as observed on the live service. */
export const dryRunOperation = (): Ec2Error =>
  new Ec2Error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);

/** No code of EC2's. */
export const NOT_SIMULATED = "NotSimulated";

/** EC2 can do this and the simulator cannot: loud, so that no test passes by accident. */
export const notSimulated = (what: string): Ec2Error =>
  new Ec2Error(NOT_SIMULATED, `The EC2 simulator does not simulate ${what}.`, 501);

export const imagesNotFound = (ids: readonly string[]): Ec2Error =>
  new Ec2Error(
    "InvalidAMIID.NotFound",
    ids.length === 1
      ? `The image id '[${ids.join()}]' does not exist`
      : `The image ids '[${ids.join(", ")}]' do not exist`,
  );

export const imageUnavailable = (id: string): Ec2Error =>
  new Ec2Error("InvalidAMIID.Unavailable", `The image ID '${id}' is no longer available`);

export const imageNotOurs = (id: string): Ec2Error => new Ec2Error("AuthFailure", `Not authorized for image:${id}`);

export const snapshotNotFound = (id: string): Ec2Error =>
  new Ec2Error("InvalidSnapshot.NotFound", `The snapshot '${id}' does not exist.`);

/**
 * AWS Backup's by the answer that many have met (openshift/installer, pull request 9964), that of fast restore likewise
 * (rebuy-de/aws-nuke, issue 453); by its guide EC2 has learnt since to end fast restore by itself. For a locked one no page names
 * the code: this is ours.
 */
export function snapshotKept(id: string, by: Keeper): Ec2Error {
  if (by === "lock") return new Ec2Error("OperationNotPermitted", `The snapshot '${id}' is locked.`);
  if (by === "backup")
    return new Ec2Error(
      "InvalidParameterValue",
      "This snapshot is managed by the AWS Backup service and cannot be deleted via EC2 APIs.",
    );
  return new Ec2Error("InvalidSnapshot.InUse", `The snapshot ${id} is currently enabled for fast restores in a zone.`);
}

export const snapshotInUse = (id: string, imageId: string): Ec2Error =>
  new Ec2Error("InvalidSnapshot.InUse", `The snapshot ${id} is currently in use by ${imageId}`);
