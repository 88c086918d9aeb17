import { CONFIG, textOf, withRecords, type Command, type Invocation } from "../command/command.ts";
import { checkRegion, strangerText } from "../command/regions.ts";
import { momentOf, MOMENT_WORDS } from "../command/words.ts";
import { byOf } from "./who.ts";
import { askYes } from "../terminal/ask.ts";
import { rest } from "../terminal/rest.ts";
import { jsonLine, plain } from "../terminal/show.ts";
import { isKeySafeComposeId } from "../../domain/compose/compose.ts";
import { isAmiId, type Image } from "../../domain/image/image.ts";
import { tooLate, type Verb } from "../../domain/image/order.ts";
import { ceilSecond, parseDuration, SECOND_MS, type Instant } from "../../domain/time.ts";
import { quote } from "../../domain/words.ts";
import { UpstreamError, UsageError } from "../../errors.ts";
import type { Answer, PlacedOrder, Orders, Schedule } from "../../ports/index.ts";

const POLL_MS = SECOND_MS / 5;

const OPTIONS = {
  config: CONFIG,
  compose: { type: "string", help: "every image of this compose, in place of AMIs" },
  reason: { type: "string", help: "why; it is shown to the public (hold and restore need one)" },
  by: { type: "string", help: "who asks (else the name of this account)" },
  yes: { type: "boolean", help: "do not ask, however many images it is" },
  wait: { type: "string", help: "how long to wait for the service's answer (default 30s)" },
  json: { type: "boolean", help: "print the answers as JSON lines" },
} as const;
const UNTIL = {
  type: "string",
  help: "the end: a day (2026-12-24), an instant, or a duration (14d); else none",
} as const;

export const hold: Command = {
  summary: "stops the clock of images; of a compose, also for images that arrive later",
  positionals: "AMI…",
  options: { ...OPTIONS, until: UNTIL },
  examples: [
    'clean-amis hold ami-0a1a3731a749a16db --reason "in use by the installer tests" --until 14d',
    'clean-amis hold --compose Fedora-Rawhide-20260122.n.0 --reason "bisecting a kernel bug" --yes',
  ],
  run: (invocation) => operate("hold", invocation),
};

export const release: Command = {
  summary: "lets the clock of held images run again; nothing is deleted for three days after a new notice",
  positionals: "AMI…",
  options: OPTIONS,
  examples: [
    "clean-amis release ami-0a1a3731a749a16db",
    "clean-amis release --compose Fedora-Rawhide-20260122.n.0 --yes",
  ],
  run: (invocation) => operate("release", invocation),
};

export const restore: Command = {
  summary: "gives images back to the public exactly as they were, and holds them",
  positionals: "AMI…",
  options: { ...OPTIONS, until: UNTIL },
  examples: [
    'clean-amis restore ami-0a1a3731a749a16db --reason "a user asked on the list"',
    'clean-amis restore --compose Fedora-Rawhide-20260122.n.0 --reason "broken mirror" --until 30d --yes',
  ],
  run: (invocation) => operate("restore", invocation),
};

export const retry: Command = {
  summary: "ends the waiting of images after a refusal or a failure; no deadline moves",
  positionals: "AMI…",
  options: OPTIONS,
  examples: ["clean-amis retry ami-0a1a3731a749a16db", "clean-amis retry --compose Fedora-Rawhide-20260122.n.0 --yes"],
  run: (invocation) => operate("retry", invocation),
};

async function operate(verb: Verb, invocation: Invocation): Promise<number> {
  const words = readWords(verb, invocation);
  return withRecords(invocation, async (records) => {
    const until = readUntil(verb, textOf(invocation, "until"), records.now());
    const { images, late } = await aimedAt(verb, words, records.schedule);
    const isJson = invocation.options["json"] === true;
    for (const answer of late) await invocation.print(lineOf(answer, isJson));
    if (late.length > 0 && images.length === 0) return 0;
    await confirm(verb, images.length, words, invocation);
    const order: PlacedOrder = {
      verb,
      by: words.by,
      why: words.why,
      until,
      at: ceilSecond(records.now()),
      images: words.composeId === null ? images.map(({ region, amiId }) => ({ region, amiId })) : [],
      composeId: words.composeId,
    };
    const id = await place(order, records.orders, invocation.stop);
    const answers = await answerTo(id, records.orders, words.waitMs, invocation.stop);
    if (answers === null)
      throw notAnswered(
        `${verb}: queued as ${id}, and not carried out yet: no service has answered; it is carried out as soon as one runs (clean-amis consume)`,
      );
    for (const answer of answers) await invocation.print(lineOf(answer, isJson));
    return 0;
  });
}

/**
 * What an order is about, and the answers about what is over, for which no service is needed. Of a compose the service answers
 * for all together, unless nothing of it is left to give back or to try. Throws `UsageError`.
 */
async function aimedAt(
  verb: Verb,
  words: Words,
  schedule: Schedule,
): Promise<{ readonly images: readonly Image[]; readonly late: readonly Answer[] }> {
  const { composeId } = words;
  const images = composeId === null ? await targetsOf(verb, words, schedule) : await schedule.ofCompose(composeId);
  const isToCome = composeId !== null && (verb === "hold" || verb === "release");
  if (composeId !== null && images.length === 0 && !isToCome)
    throw new UsageError(`${verb}: no image of ${quote(composeId)} is known`);
  const standing = images.filter((image) => tooLate(image) === null);
  if (composeId !== null && (isToCome || standing.length > 0)) return { images, late: [] };
  const late = images.flatMap(({ region, amiId, stage }): Answer[] => {
    const over = tooLate({ stage });
    return over === null ? [] : [{ region, amiId, happened: over.happened, next: over.next }];
  });
  return { images: standing, late };
}

interface Words {
  readonly amis: readonly { readonly region: string | null; readonly amiId: string }[];
  readonly composeId: string | null;
  readonly why: string;
  readonly by: string;
  readonly waitMs: number;
}

/** The command line, checked as far as that goes without asking anybody. Throws `UsageError`. */
function readWords(verb: Verb, invocation: Invocation): Words {
  const composeId = textOf(invocation, "compose") ?? null;
  const { positionals } = invocation;
  if ((composeId === null) === (positionals.length === 0))
    throw new UsageError(`${verb}: give AMIs, or --compose with one compose`);
  if (composeId !== null && !isKeySafeComposeId(composeId))
    throw new UsageError(`${verb}: --compose ${quote(composeId)} is no compose id`);
  const why = plain(textOf(invocation, "reason") ?? "");
  if (why === "" && (verb === "hold" || verb === "restore"))
    throw new UsageError(`${verb}: give a --reason: whoever reads the report wants to know`);
  const waitText = textOf(invocation, "wait") ?? "30s";
  const waitMs = parseDuration(waitText);
  if (waitMs === null) throw new UsageError(`${verb}: --wait ${quote(waitText)}: a whole number and s, m, h or d`);
  return { amis: positionals.map((word) => readAmi(verb, word)), composeId, why, by: byOf(invocation), waitMs };
}

/** `ami-…`, or `us-east-1/ami-…` where an id is known in several regions. */
function readAmi(verb: Verb, word: string): Words["amis"][number] {
  const [first = "", second] = word.split("/");
  const [region, amiId] = second === undefined ? [null, first] : [first, second];
  if (!isAmiId(amiId))
    throw new UsageError(`${verb}: ${quote(word)} is no AMI id (ami- and 8 or 17 hexadecimal digits)`);
  if (region !== null) checkRegion(`${verb}:`, region);
  return { region, amiId };
}

function readUntil(verb: Verb, text: string | undefined, now: Instant): Instant | null {
  if (text === undefined) return null;
  const until = momentOf(text, now, "ahead");
  if (until === null) throw new UsageError(`${verb}: --until ${quote(text)}: ${MOMENT_WORDS}`);
  if (until <= now) throw new UsageError(`${verb}: --until ${quote(text)} is in the past`);
  return ceilSecond(until);
}

/** Every AMI with its region. Throws `UsageError` for one that nobody knows, or that is known in several regions. */
async function targetsOf(verb: Verb, { amis }: Words, schedule: Schedule): Promise<readonly Image[]> {
  const regions = amis.length === 0 ? [] : await schedule.regions();
  return Promise.all(
    amis.map(async ({ region, amiId }) => {
      const found = await Promise.all(
        regions.filter((name) => region === null || name === region).map((name) => schedule.get(name, amiId)),
      );
      const [image, second] = found.filter((each) => each !== null);
      const hint = region === null ? null : strangerText(region, regions);
      if (hint !== null) throw new UsageError(`${verb}: ${hint}; nothing is done`);
      const where = region === null ? "in any region" : `in ${region}`;
      if (image === undefined) throw new UsageError(`${verb}: ${amiId} is not known ${where}; nothing is done`);
      if (second !== undefined)
        throw new UsageError(
          `${verb}: ${amiId} is known in ${image.region} and ${second.region}: write ${image.region}/${amiId}; nothing is done`,
        );
      return image;
    }),
  );
}

/** More than one image is asked about first; where nobody can be asked, `--yes` has to say so. Throws `UsageError`. */
async function confirm(verb: Verb, count: number, { composeId }: Words, invocation: Invocation): Promise<void> {
  if (count <= 1 || invocation.options["yes"] === true) return;
  const what = `${verb} ${count} images${composeId === null ? "" : ` of ${composeId}`}`;
  await askYes(what, invocation);
}

/** Queues it; resolves to its id. */
async function place(order: PlacedOrder, orders: Orders, stop: AbortSignal): Promise<string> {
  try {
    return await orders.add(order);
  } catch (error) {
    if (!stop.aborted) throw error;
    throw notAnswered(`${order.verb}: interrupted while it was queued: it may be carried out all the same`);
  }
}

function notAnswered(message: string): UpstreamError {
  return new UpstreamError("redis", "not-answered", message);
}

async function answerTo(
  id: string,
  orders: Orders,
  waitMs: number,
  stop: AbortSignal,
): Promise<readonly Answer[] | null> {
  const end = performance.now() + waitMs;
  try {
    while (!stop.aborted) {
      const answers = await orders.answerTo(id);
      if (answers !== null || performance.now() >= end) return answers;
      await rest(POLL_MS, stop);
    }
  } catch (error) {
    // The order stands, whoever has stopped waiting for its answer.
    if (!stop.aborted) throw error;
  }
  return null;
}

function lineOf(answer: Answer, isJson: boolean): string {
  if (isJson) return jsonLine(answer);
  const { region, amiId, happened, next } = answer;
  const subject = region === null || amiId === null ? "" : `${region} ${amiId}: `;
  return plain(`${subject}${happened}; ${next}`);
}
