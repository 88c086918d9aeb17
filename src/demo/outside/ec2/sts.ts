import { secondsText } from "./state/records.ts";
import type { Caller } from "./wire/authorization.ts";
import type { Rejection } from "./wire/authorization.ts";
import { Ec2Error } from "./wire/errors.ts";
import type { Keyring } from "./wire/keys.ts";
import type { Parameters } from "./wire/parameters.ts";
import { renderElements } from "./wire/xml.ts";
import type { XmlElements } from "./wire/xml.ts";

/** A call that is well-formed and signed by a key we know. The Security Token Service is one for all regions here. */
export interface StsCall {
  readonly parameters: Parameters;
  readonly caller: Caller;
  readonly keys: Keyring;
  readonly now: number;
}

interface StsAction {
  /** All parameters it knows besides Action and Version. */
  readonly parameters: readonly string[];
  readonly run: (call: StsCall) => XmlElements;
}

/** API_GetCallerIdentity: needs no permission. */
const getCallerIdentity: StsAction = {
  parameters: [],
  run: ({ caller }) => ({ Arn: caller.arn, UserId: caller.userId, Account: caller.account.id }),
};

/** API_AssumeRole, "DurationSeconds"; the longest is that of a role that nobody has set another for. */
const SHORTEST_SECONDS = 900;
const LONGEST_SECONDS = 3600;
/** The same page, the other parameters. */
const ROLE_ARN = /^[\w+=,.@:/-]{20,2048}$/;
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/;

/** API_AssumeRole. A role that does not exist is refused as one that may not be assumed. */
const assumeRole: StsAction = {
  parameters: ["RoleArn", "RoleSessionName", "ExternalId", "DurationSeconds"],
  run: ({ parameters, caller, keys, now }) => {
    const roleArn = checked("roleArn", parameters.text("RoleArn"), ROLE_ARN);
    const sessionName = checked("roleSessionName", parameters.text("RoleSessionName"), SESSION_NAME);
    const externalId = parameters.has("ExternalId")
      ? checked("externalId", parameters.text("ExternalId"), EXTERNAL_ID)
      : null;
    const seconds = readDuration(parameters.text("DurationSeconds"));
    const role = (caller.account.roles ?? []).find(({ arn }) => arn === roleArn);
    // Where the trust policy asks for no external id, any is accepted.
    if (role === undefined || (role.externalId !== undefined && role.externalId !== externalId))
      throw new Ec2Error(
        "AccessDenied",
        `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
        403,
      );
    const key = keys.issue(role, sessionName, Math.floor(now / 1000) * 1000 + seconds * 1000);
    return {
      AssumedRoleUser: { Arn: key.arn, AssumedRoleId: key.userId },
      Credentials: {
        AccessKeyId: key.accessKeyId,
        SecretAccessKey: key.secretAccessKey,
        SessionToken: key.session.token,
        Expiration: secondsText(key.session.expiresAt),
      },
    };
  },
};

function readDuration(text: string | null): number {
  if (text === null) return LONGEST_SECONDS;
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds < SHORTEST_SECONDS) throw invalid("durationSeconds", text, `value at least ${SHORTEST_SECONDS}`);
  if (seconds > LONGEST_SECONDS)
    throw new Ec2Error(
      "ValidationError",
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
  return seconds;
}

function checked(name: string, value: string | null, pattern: RegExp): string {
  if (value === null) throw invalid(name, "null", "not be null");
  if (!pattern.test(value)) throw invalid(name, value, `satisfy regular expression pattern: ${pattern.source}`);
  return value;
}

function invalid(name: string, value: string, constraint: string): Ec2Error {
  return new Ec2Error(
    "ValidationError",
    `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: Member must ${constraint}`,
  );
}

const STS_ACTIONS: Readonly<Record<string, StsAction>> = {
  AssumeRole: assumeRole,
  GetCallerIdentity: getCallerIdentity,
};

const NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";

export function isStsAction(action: string): boolean {
  return Object.hasOwn(STS_ACTIONS, action);
}

/** Does what the call asks for, and words the answer as the examples on the actions' pages; throws an `Ec2Error` to refuse. */
export function answerSts(name: string, requestId: string, call: StsCall): string {
  const action = STS_ACTIONS[name];
  if (action === undefined) throw stsInvalidAction(name);
  call.parameters.allowOnly(action.parameters);
  const result = renderElements({ [`${name}Result`]: action.run(call), ResponseMetadata: { RequestId: requestId } });
  return `<${name}Response xmlns="${NAMESPACE}">${result}</${name}Response>`;
}

export function renderStsError(error: Ec2Error, requestId: string): string {
  const Error = {
    Type: error.status < 500 ? "Sender" : "Receiver",
    Code: error.code,
    Message: error.message,
  };
  return `<ErrorResponse xmlns="${NAMESPACE}">${renderElements({ Error, RequestId: requestId })}</ErrorResponse>`;
}

export const stsInvalidAction = (action: string): Ec2Error =>
  new Ec2Error("InvalidAction", `Could not find operation ${action} for version 2011-06-15`);

/** CommonErrors of the Security Token Service; HTTP 403 for an expired token as observed on the live service. */
export function stsRejection(why: Rejection): Ec2Error {
  switch (why) {
    case "unsigned":
      return new Ec2Error("MissingAuthenticationToken", "Request is missing Authentication Token", 403);
    case "malformed":
      return new Ec2Error("IncompleteSignature", "The request signature does not conform to AWS standards");
    case "unknown-key":
      return new Ec2Error("InvalidClientTokenId", "The security token included in the request is invalid.", 403);
    case "wrong-signature":
      return new Ec2Error("SignatureDoesNotMatch", "The request signature we calculated does not match.", 403);
    case "expired":
      return new Ec2Error("ExpiredToken", "The security token included in the request is expired", 403);
  }
}
