import { ACTIONS } from "./actions/actions.ts";
import type { Effect } from "./actions/call.ts";
import type { Reading } from "./reading.ts";
import type { World } from "./state/world.ts";
import { answerSts, renderStsError } from "./sts.ts";
import type { Caller } from "./wire/authorization.ts";
import { dryRunOperation, Ec2Error, unauthorizedOperation } from "./wire/errors.ts";
import type { Keyring } from "./wire/keys.ts";
import { renderAnswer, renderError } from "./wire/xml.ts";

/** What is sent back. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly errorCode: string | null;
}

interface Answered {
  readonly body: string;
  readonly effect: Effect | null;
}

/** What calls are performed on. */
interface Stage {
  readonly world: World;
  readonly keys: Keyring;
}

/** Does what the request asks for, and words the answer. */
export function perform(stage: Stage, now: number, reading: Reading): { reply: Reply; effect: Effect | null } {
  try {
    const { caller, refusal } = reading;
    if (refusal !== null) throw refusal;
    if (caller === null) throw new Error("The request was read without a caller and without a refusal.");
    const { body, effect } =
      reading.service === "sts"
        ? { body: answerSts(reading.action, reading.requestId, { ...reading, ...stage, caller, now }), effect: null }
        : answerEc2(stage.world, now, reading, caller);
    return { reply: xml(200, body, null), effect };
  } catch (error) {
    // A fault of the simulator's own is shown to the caller, who fails by it.
    const refusal = error instanceof Ec2Error ? error : new Ec2Error("InternalError", describe(error), 500);
    return { reply: refuse(refusal, reading), effect: null };
  }
}

/** Permission comes before everything that the call could find out, and a dry run ends before anything changes. */
function answerEc2(
  world: World,
  now: number,
  { action: name, parameters, requestId }: Reading,
  caller: Caller,
): Answered {
  const action = ACTIONS[name];
  if (action === undefined) throw new Error(`The request was read with the action ${name}, which is none.`);
  parameters.allowOnly(["DryRun", ...action.parameters]);
  const isDryRun = parameters.flag("DryRun");
  const isDenied = (candidate: string): boolean => caller.account.denied?.includes(candidate) === true;
  if (isDenied(name)) throw unauthorizedOperation(name);
  const region = world.region(caller.region);
  const { answer, change } = action.run({
    parameters,
    region,
    regions: world.regions(),
    account: caller.account.id,
    now,
    isDenied,
  });
  if (isDryRun) throw dryRunOperation();
  change?.apply();
  return { body: renderAnswer(name, requestId, answer), effect: change?.effect ?? null };
}

/** The answer that carries a refusal. */
export function refuse(error: Ec2Error, { service, requestId }: Reading): Reply {
  const render = service === "sts" ? renderStsError : renderError;
  return xml(error.status, render(error, requestId), error.code);
}

function xml(status: number, body: string, errorCode: string | null): Reply {
  return { status, contentType: "text/xml;charset=UTF-8", body, errorCode };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
