import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { ACTIONS } from "./actions.ts";
import { authorize } from "./authorization.ts";
import type { Accounts, Caller } from "./authorization.ts";
import type { Action, Effect } from "./call.ts";
import { dryRunOperation, Ec2Error, missingParameter, notSimulated, unauthorizedOperation } from "./errors.ts";
import { Parameters } from "./parameters.ts";
import type { World } from "./world.ts";
import { renderAnswer, renderError } from "./xml.ts";

/** Common-Parameters, "Version". */
const VERSION = "2016-11-15";
const FORM = "application/x-www-form-urlencoded";

/** A request as it came over HTTP. */
export interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request that was understood so far: `refusal` says why no further. */
export interface Reading {
  readonly requestId: string;
  readonly action: string;
  /** Without Action and Version. */
  readonly parameters: Parameters;
  readonly caller: Caller | null;
  readonly refusal: Ec2Error | null;
}

/** What is sent back. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly errorCode: string | null;
}

/** Reads a request up to who calls what where. */
export function readRequest(request: Request, accounts: Accounts): Reading {
  const requestId = randomUUID();
  let action = "";
  let parameters = new Parameters(new Map());
  try {
    if (request.method !== "POST" || request.url !== "/") throw notSimulated(`${request.method} ${request.url}`);
    const contentType = request.headers["content-type"] ?? "none";
    if (!contentType.startsWith(FORM)) throw notSimulated(`the content type ${contentType}`);
    const form = Parameters.parse(request.body);
    action = form.text("Action") ?? "";
    parameters = form.without("Action", "Version");
    checkVersion(form.text("Version"));
    actionNamed(action);
    return { requestId, action, parameters, caller: authorize(request.headers, request.body, accounts), refusal: null };
  } catch (error) {
    if (!(error instanceof Ec2Error)) throw error;
    return { requestId, action, parameters, caller: null, refusal: error };
  }
}

function checkVersion(version: string | null): void {
  if (version === null) throw missingParameter("Version");
  if (version !== VERSION)
    throw new Ec2Error("NoSuchVersion", `The requested version (${version}) of service AmazonEC2 does not exist`);
}

function actionNamed(name: string): Action {
  if (name === "") throw new Ec2Error("MissingAction", "The request must contain the parameter Action");
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined)
    throw new Ec2Error("InvalidAction", `The action ${name} is not valid for this web service.`);
  return action;
}

/** Whether the call is of an action that changes things. */
export function mutates(reading: Reading): boolean {
  return Object.hasOwn(ACTIONS, reading.action) && ACTIONS[reading.action]?.mutates === true;
}

/** Does what the request asks for, and words the answer. */
export function perform(world: World, now: number, reading: Reading): { reply: Reply; effect: Effect | null } {
  const { requestId, action: name, parameters, caller } = reading;
  try {
    if (reading.refusal !== null || caller === null) throw reading.refusal ?? missingParameter("AWSAccessKeyId");
    const action = actionNamed(name);
    parameters.allowOnly(["DryRun", ...action.parameters]);
    const isDryRun = parameters.flag("DryRun");
    const isDenied = (candidate: string): boolean => caller.account.denied?.includes(candidate) === true;
    if (isDenied(name)) throw unauthorizedOperation(name);
    const region = world.region(caller.region);
    const { answer, change } = action.run({ parameters, region, account: caller.account.id, now, isDenied });
    if (isDryRun) throw dryRunOperation();
    change?.apply();
    return { reply: xml(200, renderAnswer(name, requestId, answer), null), effect: change?.effect ?? null };
  } catch (error) {
    // A fault of the simulator's own is shown to the caller, who fails by it.
    const refusal = error instanceof Ec2Error ? error : new Ec2Error("InternalError", describe(error), 500);
    return { reply: refuse(refusal, requestId), effect: null };
  }
}

/** The answer that carries a refusal. */
export function refuse(error: Ec2Error, requestId: string): Reply {
  return xml(error.status, renderError(error.code, error.message, requestId), error.code);
}

function xml(status: number, body: string, errorCode: string | null): Reply {
  return { status, contentType: "text/xml;charset=UTF-8", body, errorCode };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
