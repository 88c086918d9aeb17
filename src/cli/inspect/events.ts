import { CONFIG, textOf, withRecords, type Command, type Invocation } from "../command/command.ts";
import { checkKnown } from "../command/regions.ts";
import { REGION, countOf, regionsOf, untilOf, wordsOf } from "../command/words.ts";
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
    until: { type: "string", help: "up to then: likewise, and a day to its end" },
    limit: { type: "string", help: "so many lines at the most, the oldest first" },
    region: REGION,
    kind: { type: "string", help: "these kinds alone, such as deleted,refused", isList: true, values: EVENT_KINDS },
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
    const limit = countOf("events", "limit", Infinity, invocation);
    untilOf("events", 0, "ago", invocation);
    const { follow: isFollowed, count: isCounted, json: isJson } = invocation.options;
    if (isCounted === true && (isFollowed === true || isJson === true))
      throw new UsageError("events: --count goes neither with --follow nor with --json");
    if (isFollowed === true && textOf(invocation, "until") !== undefined)
      throw new UsageError("events: --until or --follow, not both: what is followed has no end");
    return withRecords(invocation, async (records) => {
      await checkKnown("events: --region", filter.regions, records.schedule);
      let problems = 0;
      const tell = (problem: string): void => {
        problems += 1;
        invocation.warn(problem);
      };
      const reader = new EventReader(sinceOf(invocation, records.now()), filter, records, tell);
      const now = records.now();
      const until = untilOf("events", now, "ago", invocation);
      const last = until === null ? now : until - 1;
      if (isFollowed === true) await follow(reader, limit, invocation);
      else {
        const printed = await (isCounted === true
          ? printCounts(reader, last, limit, invocation)
          : printNew(reader, last, { withHead: true, limit }, invocation));
        if (printed === 0 && isJson !== true) await invocation.print("nothing happened that was asked for");
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

/** Prints what is new up to `until`, `limit` lines at the most; resolves to how many. */
async function printNew(
  reader: EventReader,
  until: Instant,
  { withHead, limit }: { readonly withHead: boolean; readonly limit: number },
  { options, print, screen, stop }: Invocation,
): Promise<number> {
  const isJson = options["json"] === true;
  const { head, of } = eventTable(screen());
  let isFirst = withHead && !isJson;
  let printed = 0;
  for await (const piece of reader.read(until)) {
    if (stop.aborted || printed === limit) break;
    const shown = piece.slice(0, limit - printed);
    if (shown.length === 0) continue;
    if (isFirst) await print(head);
    isFirst = false;
    await print(shown.map(isJson ? eventLine : of).join("\n"));
    printed += shown.length;
  }
  return printed;
}

/** Prints a line for each compose; resolves to how many. Memory grows with the composes, not with the events. */
async function printCounts(
  reader: EventReader,
  until: Instant,
  limit: number,
  { print, stop }: Invocation,
): Promise<number> {
  const counts = new Map<string, number>();
  for await (const piece of reader.read(until)) {
    if (stop.aborted) break;
    for (const { composeId } of piece) counts.set(composeId, (counts.get(composeId) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([one, ones], [other, others]) => others - ones || (one < other ? -1 : 1));
  const shown = sorted.slice(0, limit);
  for (const [composeId, count] of shown) await print(`${String(count).padStart(6)}  ${plain(composeId)}`);
  return shown.length;
}

/** Until the order to stop, or `limit` lines. Redis may be away for a while: it is told once, and what happened meanwhile is read then. */
async function follow(reader: EventReader, limit: number, invocation: Invocation): Promise<void> {
  const { stop, warn } = invocation;
  let [isAway, printed] = [false, 0];
  const isOver = (): boolean => stop.aborted;
  while (!isOver()) {
    try {
      printed += await printNew(reader, Infinity, { withHead: printed === 0, limit: limit - printed }, invocation);
      if (printed === limit) return;
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
