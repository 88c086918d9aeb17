import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { ACTIONS } from "./actions/actions.ts";
import { isStsAction, stsInvalidAction, stsRejection } from "./sts.ts";
import { authorize } from "./wire/authorization.ts";
import type { Caller } from "./wire/authorization.ts";
import { Ec2Error, ec2Rejection, missingParameter, notSimulated } from "./wire/errors.ts";
import type { Keyring } from "./wire/keys.ts";
import { Parameters } from "./wire/parameters.ts";

const FORM = "application/x-www-form-urlencoded";

/** Common-Parameters, "Version", of both services; on one address it is what tells them apart. */
const EC2_VERSION = "2016-11-15";
const STS_VERSION = "2011-06-15";

/** A request as it came over HTTP. */
interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request that was understood so far: `refusal` says why no further. */
export interface Reading {
  readonly requestId: string;
  readonly service: "ec2" | "sts";
  readonly action: string;
  /** Without Action and Version. */
  readonly parameters: Parameters;
  readonly caller: Caller | null;
  readonly refusal: Ec2Error | null;
}

/** Reads a request up to who calls what where. */
export function readRequest(request: Request, keys: Keyring, now: number): Reading {
  const reading: Reading = {
    requestId: randomUUID(),
    service: "ec2",
    action: "",
    parameters: new Parameters(new Map()),
    caller: null,
    refusal: null,
  };
  let understood = reading;
  try {
    const form = readForm(request);
    const action = form.text("Action") ?? "";
    const version = form.text("Version");
    const service = version === STS_VERSION ? "sts" : "ec2";
    understood = { ...reading, service, action, parameters: form.without("Action", "Version") };
    checkVersion(version);
    checkAction(service, action);
    const caller = authorize({ ...request, service }, keys, now);
    if (typeof caller === "string") throw service === "sts" ? stsRejection(caller) : ec2Rejection(caller);
    return { ...understood, caller };
  } catch (error) {
    if (!(error instanceof Ec2Error)) throw error;
    return { ...understood, refusal: error };
  }
}

function readForm(request: Request): Parameters {
  if (request.method !== "POST" || request.url !== "/") throw notSimulated(`${request.method} ${request.url}`);
  const contentType = request.headers["content-type"] ?? "none";
  if (!contentType.startsWith(FORM)) throw notSimulated(`the content type ${contentType}`);
  return Parameters.parse(request.body);
}

function checkVersion(version: string | null): void {
  if (version === null) throw missingParameter("Version");
  if (version !== EC2_VERSION && version !== STS_VERSION)
    throw new Ec2Error("NoSuchVersion", `The requested version (${version}) of service AmazonEC2 does not exist`);
}

function checkAction(service: Reading["service"], name: string): void {
  if (name === "") throw new Ec2Error("MissingAction", "The request must contain the parameter Action");
  if (service === "sts" && !isStsAction(name)) throw stsInvalidAction(name);
  if (service === "ec2" && !Object.hasOwn(ACTIONS, name))
    throw new Ec2Error("InvalidAction", `The action ${name} is not valid for this web service.`);
}

/** Whether the call is of an action that changes things. */
export function mutates({ service, action }: Reading): boolean {
  return service === "ec2" && Object.hasOwn(ACTIONS, action) && ACTIONS[action]?.mutates === true;
}
