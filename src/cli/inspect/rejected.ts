import { CONFIG, configOf, textOf, withRecords, type Command, type Invocation } from "../command/command.ts";
import { countOf, untilOf } from "../command/words.ts";
import { askYes } from "../terminal/ask.ts";
import { jsonLine, plain, row, visible } from "../terminal/show.ts";
import { Table, type Column } from "../terminal/table.ts";
import { utc } from "../terminal/when.ts";
import { parseInstant, type Instant } from "../../domain/time.ts";
import { nearest, quote } from "../../domain/words.ts";
import { NotFoundError, UsageError } from "../../errors.ts";
import type { Ingested } from "../../hear/ingest.ts";
import { everyRejected, replayRejected, type Replayed } from "../../operate/rejected.ts";
import type { RejectedMessage, RejectedMessages } from "../../ports/index.ts";
import { iso } from "../../inspect/json.ts";

const VERBS: Readonly<Record<string, (ids: readonly string[], invocation: Invocation) => Promise<number>>> = {
  list,
  show,
  replay,
  purge,
};

export const rejected: Command = {
  summary: "what could not be understood: list it, show one, put it through again after a fix, purge it",
  positionals: "[list | show ID | replay ID… | purge ID…]",
  options: {
    config: CONFIG,
    all: { type: "boolean", help: "replay: everything, in place of IDs" },
    before: { type: "string", help: "purge: what came before a day or an instant, in place of IDs" },
    limit: { type: "string", help: "list: so many at the most" },
    until: { type: "string", help: "list: what came up to a day's end, an instant, or a duration ago (2d)" },
    yes: { type: "boolean", help: "purge: do not ask" },
    json: { type: "boolean", help: "JSON lines: schemas/rejected.json" },
  },
  examples: ["clean-amis rejected replay --all", "clean-amis rejected purge --before 2026-11-01 --yes"],
  run: async (invocation) => {
    const [verb = "list", ...ids] = invocation.positionals;
    const run = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
    if (run === undefined) {
      const guess = nearest(verb, Object.keys(VERBS));
      const hint = guess === null ? "list, show, replay or purge" : `did you mean rejected ${guess}?`;
      throw new UsageError(`rejected: ${quote(verb)}: ${hint}`);
    }
    for (const id of ids)
      if (!/^\d{1,19}-\d{1,19}$/.test(id))
        throw new UsageError(`rejected ${verb}: ${quote(id)} is no ID: clean-amis rejected list tells them`);
    return run(ids, invocation);
  },
};

const COLUMNS: readonly Column[] = [
  { name: "ID", least: 15, most: 17, rank: 0 },
  { name: "WHEN (UTC)", least: 20, most: 20, rank: 2 },
  { name: "BYTES", least: 6, most: 8, rank: 3 },
  { name: "TOPIC", least: 20, most: 60, rank: 4 },
  { name: "REASON", least: 20, most: 300, rank: 1, isWhole: true },
];

async function list(ids: readonly string[], invocation: Invocation): Promise<number> {
  if (ids.length > 0) throw new UsageError("rejected list: give no further words");
  const { options, print, screen, stop } = invocation;
  const isJson = options["json"] === true;
  let left = countOf("rejected", "limit", Infinity, invocation);
  untilOf("rejected", 0, "ago", invocation);
  return withRecords(invocation, async (records) => {
    const until = untilOf("rejected", records.now(), "ago", invocation) ?? Infinity;
    const table = new Table(COLUMNS, screen());
    let isFirst = true;
    for await (const entry of everyRejected(records.rejected)) {
      stop.throwIfAborted();
      if (left === 0 || entry.at >= until) break;
      if (isFirst && !isJson) await print(table.head());
      isFirst = false;
      const { id, at, bytes, topic, reason } = entry;
      await print(isJson ? jsonLine(entryJson(entry)) : table.row([id, utc(at), String(bytes), topic, reason]));
      left -= 1;
    }
    const removed = isJson ? 0 : await records.rejected.removed();
    if (removed > 0)
      await print(`${removed} older ones were removed, for they were too many, or took too much of Redis`);
    if (isFirst && removed === 0 && !isJson)
      await print(until === Infinity ? "everything was understood" : "everything was understood that came by then");
    return 0;
  });
}

async function show(ids: readonly string[], invocation: Invocation): Promise<number> {
  const [id, ...more] = ids;
  if (id === undefined || more.length > 0) throw new UsageError("rejected show: give one ID");
  const { options, print, screen } = invocation;
  return withRecords(invocation, async (records) => {
    const entry = await entryOf(id, records.rejected);
    if (options["json"] === true) {
      await print(
        jsonLine({ ...entryJson(entry), body: entry.body.toString(), body_base64: entry.body.toString("base64") }),
      );
      return 0;
    }
    const put = (name: string, text: string): readonly string[] => row(name, text, screen()?.columns);
    const kept = entry.bytes > entry.body.length ? `, of which the first ${entry.body.length} were kept` : "";
    const lines = [
      entry.id,
      ...put("reason", entry.reason),
      ...put("topic", entry.topic),
      ...put("message id", entry.messageId),
      ...put("arrived", utc(entry.at)),
      ...put("sent", entry.sentAt || "not told"),
      ...put("bytes", `${entry.bytes}${kept}`),
      "",
      visible(entry.body),
    ];
    await print(lines.join("\n"));
    return 0;
  });
}

async function replay(ids: readonly string[], invocation: Invocation): Promise<number> {
  const isAll = invocation.options["all"] === true;
  if (isAll === ids.length > 0) throw new UsageError("rejected replay: give IDs, or --all");
  const config = configOf(invocation, []);
  const { openBackfill } = await import("../../app/backfill.ts");
  const opened = await openBackfill(config, "error");
  try {
    let [understood, stay] = [0, 0];
    for await (const entry of isAll ? everyRejected(opened.rejected) : entriesOf(ids, opened.rejected)) {
      invocation.stop.throwIfAborted();
      const became = await replayRejected(entry, opened.rejected, opened.ingester);
      if (became.kind === "understood") understood += 1;
      else stay += 1;
      await invocation.print(replayedLine(entry, became, invocation.options["json"] === true));
    }
    if (invocation.options["json"] !== true) await invocation.print(`${understood} understood now, ${stay} not`);
    return stay === 0 ? 0 : 1;
  } finally {
    await opened.close();
  }
}

async function purge(ids: readonly string[], invocation: Invocation): Promise<number> {
  const before = textOf(invocation, "before");
  if ((before === undefined) === (ids.length === 0))
    throw new UsageError("rejected purge: give IDs, or --before with a day");
  const at = before === undefined ? null : dayOrInstant(before);
  return withRecords(invocation, async ({ rejected: store }) => {
    if (invocation.options["yes"] !== true) {
      const of = `of ${await store.count()} messages that were not understood`;
      const what = at === null ? `${ids.length} ${of}` : `those before ${utc(at)} ${of}`;
      await askYes(`rejected purge: forget ${what}`, invocation);
    }
    const removed = at === null ? await store.remove(ids) : await store.removeBefore(at);
    await invocation.print(`${removed} purged, ${await store.count()} left`);
    return 0;
  });
}

function dayOrInstant(text: string): Instant {
  const at = parseInstant(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (at === null)
    throw new UsageError(`rejected purge: --before ${quote(text)}: a day like 2026-11-24, or an instant`);
  return at;
}

async function* entriesOf(ids: readonly string[], store: RejectedMessages): AsyncGenerator<RejectedMessage, void> {
  for (const id of ids) yield await entryOf(id, store);
}

async function entryOf(id: string, store: RejectedMessages): Promise<RejectedMessage> {
  const entry = await store.get(id);
  if (entry === null) throw new NotFoundError(`rejected: ${id} is not there: it was replayed or purged, or never was`);
  return entry;
}

function replayedLine({ id }: RejectedMessage, became: Replayed, isJson: boolean): string {
  const words = became.kind === "understood" ? understoodText(became.result) : null;
  const stays = became.kind === "cut" ? "only its beginning was kept: replay it from the bus or datagrepper" : null;
  const reason = became.kind === "rejected" ? became.reason : stays;
  if (isJson) return jsonLine({ id, understood: reason === null, outcome: words, reason });
  return plain(`${id}: ${reason === null ? `understood: ${words ?? ""}` : `not understood: ${reason}`}`);
}

function understoodText(result: Ingested): string {
  switch (result.kind) {
    case "uploads":
      return `${result.new} new images, ${result.known} known`;
    case "facts":
      return `facts of ${result.composes} composes, ${result.changed} images changed`;
    case "ignored":
      return `not ours (${result.because})`;
    case "rejected":
      return result.reason;
  }
}

/** A line of `schemas/rejected.json`. */
function entryJson({ id, at, sentAt, topic, messageId, bytes, body, reason }: RejectedMessage): object {
  return {
    id,
    when: iso(at),
    sent_at: sentAt === "" ? null : sentAt,
    topic,
    message_id: messageId,
    bytes,
    kept_bytes: body.length,
    reason,
  };
}
