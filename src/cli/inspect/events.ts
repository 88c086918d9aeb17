import { CONFIG, textOf, withRecords, type Command, type Invocation } from "../command/command.ts";
import { regionsOf, wordsOf } from "../command/words.ts";
import { eventLine, eventTable } from "./event-text.ts";
import { rest } from "../terminal/rest.ts";
import { plain } from "../terminal/show.ts";
import { EVENT_KINDS } from "../../domain/image/event.ts";
import { HOUR_MS, parseDuration, parseInstant, SECOND_MS, type Instant } from "../../domain/time.ts";
import { quote } from "../../domain/words.ts";
import { UpstreamError, UsageError } from "../../errors.ts";
import { EventReader } from "../../inspect/events.ts";

/** How soon a new event is seen. */
const POLL_MS = SECOND_MS / 2;

export const events: Command = {
  summary: "the audit trail of all regions: what happened, when, who did it, and why",
  positionals: "",
  options: {
    config: CONFIG,
    since: { type: "string", help: "from then on: a duration (1h, 2d), a day or an instant (else 1h)" },
    region: { type: "string", help: "these regions alone: us-east-1,eu-west-1", isList: true },
    kind: { type: "string", help: "these kinds alone, such as deleted,refused", isList: true },
    follow: { type: "boolean", help: "go on with what happens from now on, until Ctrl-C" },
    count: { type: "boolean", help: "how many there are of each compose, the most first, in place of the events" },
    json: { type: "boolean", help: "JSON lines: schemas/event.json" },
  },
  examples: ["clean-amis events --since 30d --kind deleted --count", "clean-amis events --follow --region us-east-1"],
  run: async (invocation) => {
    const filter = {
      regions: regionsOf("events", invocation),
      kinds: wordsOf("events", "kind", EVENT_KINDS, invocation),
    };
    sinceOf(invocation, 0);
    const { follow: isFollowed, count: isCounted, json: isJson } = invocation.options;
    if (isCounted === true && (isFollowed === true || isJson === true))
      throw new UsageError("events: --count goes neither with --follow nor with --json");
    return withRecords(invocation, async (records) => {
      let problems = 0;
      const tell = (problem: string): void => {
        problems += 1;
        invocation.warn(problem);
      };
      const reader = new EventReader(sinceOf(invocation, records.now()), filter, records, tell);
      const now = records.now();
      if (isFollowed === true) await follow(reader, invocation);
      else {
        const isAny = await (isCounted === true
          ? printCounts(reader, now, invocation)
          : printNew(reader, now, true, invocation));
        if (!isAny && isJson !== true) await invocation.print("nothing happened that was asked for");
      }
      return problems === 0 ? 0 : 1;
    });
  },
};

/** Where reading begins. Throws `UsageError`. */
function sinceOf(invocation: Invocation, now: Instant): Instant {
  const text = textOf(invocation, "since");
  if (text === undefined) return now - HOUR_MS;
  const durationMs = parseDuration(text);
  const at =
    durationMs === null
      ? parseInstant(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text)
      : now - durationMs;
  if (at === null)
    throw new UsageError(`events: --since ${quote(text)}: a duration like 1h, a day like 2026-11-24, or an instant`);
  return at;
}

/** Prints what is new up to `until`; whether there was anything. */
async function printNew(
  reader: EventReader,
  until: Instant,
  withHead: boolean,
  { options, print, screen, stop }: Invocation,
): Promise<boolean> {
  const isJson = options["json"] === true;
  const { head, of } = eventTable(screen());
  let isFirst = withHead && !isJson;
  let isAny = false;
  for await (const piece of reader.read(until)) {
    if (stop.aborted) break;
    if (piece.length === 0) continue;
    if (isFirst) await print(head);
    [isFirst, isAny] = [false, true];
    await print(piece.map(isJson ? eventLine : of).join("\n"));
  }
  return isAny;
}

/** Prints a line for each compose; whether there was any. Memory grows with the composes, not with the events. */
async function printCounts(reader: EventReader, until: Instant, { print, stop }: Invocation): Promise<boolean> {
  const counts = new Map<string, number>();
  for await (const piece of reader.read(until)) {
    if (stop.aborted) break;
    for (const { composeId } of piece) counts.set(composeId, (counts.get(composeId) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([one, ones], [other, others]) => others - ones || (one < other ? -1 : 1));
  for (const [composeId, count] of sorted) await print(`${String(count).padStart(6)}  ${plain(composeId)}`);
  return sorted.length > 0;
}

/** Until the order to stop. Redis may be away for a while: it is told once, and what happened meanwhile is read then. */
async function follow(reader: EventReader, invocation: Invocation): Promise<void> {
  const { stop, warn } = invocation;
  let [isAway, isBegun] = [false, false];
  const isOver = (): boolean => stop.aborted;
  while (!isOver()) {
    try {
      isBegun = (await printNew(reader, Infinity, !isBegun, invocation)) || isBegun;
      isAway = false;
    } catch (error) {
      if (isOver()) return;
      if (!(error instanceof UpstreamError)) throw error;
      if (!isAway) warn(`${error.message}: trying again until it is back`);
      isAway = true;
    }
    await rest(POLL_MS, stop);
  }
}
