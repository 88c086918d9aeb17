import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { turnAway } from "./admission.ts";
import { perform, refuse } from "./answer.ts";
import type { Reply } from "./answer.ts";
import { tellApart, type Beyond } from "./beyond.ts";
import type { Journal } from "./journal.ts";
import { mutates, readRequest } from "./reading.ts";
import type { Reading } from "./reading.ts";
import { takeFault, type Fault, type Faults } from "./state/faults.ts";
import type { World } from "./state/world.ts";
import { Ec2Error, requestLimitExceeded, statusOf } from "./wire/errors.ts";
import type { Keyring } from "./wire/keys.ts";

/** What serving a call needs. */
export interface Desk {
  readonly world: World;
  readonly keys: Keyring;
  readonly faults: Faults;
  readonly journal: Journal;
  readonly beyond: Beyond;
  readonly now: () => number;
  /** What answers say of the time. */
  readonly tellsTime: () => number;
  /** Aborts when the simulator is closed. */
  readonly closing: AbortSignal;
}

/** One call from its request to its entry in the journal. The entry is there before the client can read the answer. */
export async function serve(desk: Desk, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { method = "", url = "", headers } = incoming;
  const body = await readBody(incoming);
  const at = desk.now();
  const read = await tellApart(readRequest({ method, url, headers, body }, desk.keys, at));
  const away = turnAway(desk.world, read, at);
  const reading = { ...read, refusal: read.refusal ?? away };
  const resources = Object.values(reading.parameters.toObject()).filter((value) => /^(ami|snap)-/.test(value));
  const { action, caller } = reading;
  const fault =
    caller === null || away !== null ? null : takeFault(desk.faults, { action, region: caller.region, resources });

  if (fault !== null && fault.when !== "after") await linger(fault, desk.closing);
  const happens = fault === null || isLate(fault) || fault.when === "after";
  const done = happens ? perform(desk, desk.now(), reading) : null;
  if (fault?.when === "after") await linger(fault, desk.closing);
  const reply = fault === null ? (done?.reply ?? null) : replyUnder(fault, reading, done?.reply ?? null);

  desk.journal.record({
    at,
    endedAt: desk.now(),
    region: caller?.region ?? null,
    account: caller?.account.id ?? null,
    service: reading.service,
    action,
    parameters: reading.parameters.toObject(),
    resources: [...new Set(resources)],
    status: reply?.status ?? null,
    errorCode: reply?.errorCode ?? null,
    requestId: reading.requestId,
    mutating: mutates(reading) && reading.parameters.text("DryRun") !== "true",
    effect: done?.effect ?? null,
    fault: fault?.kind ?? null,
  });
  desk.beyond.note(reading, reply?.errorCode ?? null);
  if (reply !== null) send(outgoing, reply, reading.requestId, desk.tellsTime(), fault?.kind === "stall");
  else if (fault?.kind === "withhold" && fault.connection === "cut") outgoing.destroy();
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** These change when a call is answered, not what. */
function isLate(fault: Fault): boolean {
  return fault.kind === "delay" || fault.kind === "hold";
}

async function linger(fault: Fault, closing: AbortSignal): Promise<void> {
  if (fault.kind === "delay") await wait(fault.ms, undefined, { signal: closing });
  if (fault.kind === "hold") await untilClosed(fault.until(), closing);
}

/** Rejects when the simulator is closed first. */
function untilClosed(promise: Promise<unknown>, closing: AbortSignal): Promise<void> {
  closing.throwIfAborted();
  return new Promise((resolve, reject) => {
    const closed = (): void => {
      reject(new Error("The EC2 simulator was closed."));
    };
    closing.addEventListener("abort", closed, { once: true });
    promise
      .then(() => {
        closing.removeEventListener("abort", closed);
        resolve();
      })
      .catch(reject);
  });
}

/** What is sent in place of the call's own answer, which is null when the call did nothing; null: nothing is sent. */
function replyUnder(fault: Fault, reading: Reading, own: Reply | null): Reply | null {
  switch (fault.kind) {
    case "delay":
    case "hold":
      return own;
    case "stall":
      return (
        own ?? { status: 200, contentType: "text/xml;charset=UTF-8", body: truncated(reading, own), errorCode: null }
      );
    case "error": {
      const {
        code,
        message = `The simulator was told to answer ${fault.code}.`,
        status = statusOf(fault.code),
      } = fault;
      return refuse(new Ec2Error(code, message, status), reading);
    }
    case "throttle":
      return refuse(requestLimitExceeded(), reading);
    case "withhold":
      return null;
    case "garbage":
      return fault.body === "html"
        ? { status: fault.status ?? 200, contentType: "text/html", body: WEB_PAGE, errorCode: null }
        : { status: 200, contentType: "text/xml;charset=UTF-8", body: truncated(reading, own), errorCode: null };
  }
}

const WEB_PAGE = "<!doctype html>\n<html><head><title>Gateway</title></head><body><p>Be right back<br></body></html>\n";

/** The first half of the answer, or of a beginning that any answer could have. */
function truncated(reading: Reading, own: Reply | null): string {
  const whole = own?.body ?? `<?xml version="1.0" encoding="UTF-8"?>\n<${reading.action}Response><requestId>0123456789`;
  return own === null ? whole : whole.slice(0, Math.ceil(whole.length / 2));
}

function send(outgoing: ServerResponse, reply: Reply, requestId: string, at: number, isStalled: boolean): void {
  outgoing.writeHead(reply.status, {
    date: new Date(at).toUTCString(),
    "content-type": reply.contentType,
    "content-length": Buffer.byteLength(reply.body),
    "x-amzn-requestid": requestId,
  });
  if (isStalled) outgoing.write(reply.body.slice(0, reply.body.length / 2));
  else outgoing.end(reply.body);
}
