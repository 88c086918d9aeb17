import type { OpenBackfill } from "../../app/backfill.ts";
import { CONFIG, configOf, type Command, type Invocation } from "../command/command.ts";
import { Tally } from "./tally.ts";
import type { Config } from "../../config/config.ts";
import {
  DAY_MS,
  floorSecond,
  formatInstant,
  HOUR_MS,
  parseInstant,
  SECOND_MS,
  type Instant,
} from "../../domain/time.ts";
import { ConfigError, describeError, UsageError } from "../../errors.ts";
import { backfill, type Progress, type Witness } from "../../hear/backfill.ts";
import { dryRun } from "./backfill-dry.ts";
import type { Position, Stretch } from "../../ports/messages.ts";

const MOST_DAYS = 3650;
/** A message may reach the archive later than the bus. */
const OVERLAP_MS = 2 * HOUR_MS;

export const backfillCommand: Command = {
  summary: "past messages from datagrepper through the same ingest as the live ones; goes on where it was stopped",
  positionals: "",
  options: {
    config: CONFIG,
    days: { type: "string", help: "the last so many days (else --start and --end)" },
    start: { type: "string", help: "ISO 8601 with a zone, or epoch seconds" },
    end: { type: "string", help: "likewise (else now)" },
    rate: { type: "string", help: "calls a second to datagrepper (else sources.datagrepper_rate)" },
    "dry-run": { type: "boolean", help: "print what would be scheduled, an image a line; write nothing" },
    json: { type: "boolean", help: "progress and result as JSON lines, also on a terminal" },
    restart: { type: "boolean", help: "begin anew instead of going on" },
  },
  examples: [
    "clean-amis backfill --days 17",
    "clean-amis backfill --start 2026-11-01T00:00:00Z --end 2026-11-08T00:00:00Z --dry-run",
  ],
  run: async (invocation) => {
    const now = Date.now();
    const { stretch, name } = stretchOf(invocation.options, now);
    const config = withRate(configOf(invocation, []), invocation.options["rate"]);
    if (config.sources.datagrepper === null)
      throw new ConfigError(
        `${config.file}: consumer_config.sources.datagrepper is empty: there is nothing to backfill from`,
      );
    try {
      return invocation.options["dry-run"] === true
        ? await dryRun(stretch, config, invocation)
        : await openAndRun(name, stretch, config, invocation);
    } catch (error) {
      if (invocation.stop.aborted) return await interrupted(invocation);
      if (invocation.options["json"] === true)
        await invocation.print(JSON.stringify({ done: false, error: describeError(error) }));
      throw error;
    }
  },
};

async function openAndRun(name: string, stretch: Stretch, config: Config, invocation: Invocation): Promise<number> {
  const { openBackfill } = await import("../../app/backfill.ts");
  const opened = await openBackfill(config);
  try {
    return await run(name, stretch, opened, invocation);
  } finally {
    await opened.close();
  }
}

async function interrupted({ print, options }: Invocation): Promise<number> {
  if (options["json"] === true) await print(JSON.stringify({ done: false, error: "stopped" }));
  else await print("stopped: the same command goes on from here");
  return 1;
}

async function run(name: string, stretch: Stretch, opened: OpenBackfill, invocation: Invocation): Promise<number> {
  const { print, stop, options } = invocation;
  const { archive, ingester, positions } = opened;
  if (archive === null) throw new ConfigError("there is no archive to backfill from");
  const isJson = options["json"] === true;
  if (options["restart"] === true) await positions.forget(name);
  const begun = await freshPosition(name, opened, stretch.end);
  if (begun !== null) invocation.warn(goingOn(begun));
  const tally = new Tally(Date.now());
  const screen = isJson ? null : invocation.screen();
  const progress = async (step: Progress): Promise<void> => {
    tally.step(step);
    if (screen !== null) await invocation.write(`\r${tally.bar(screen.columns, Date.now())}`);
    else await print(JSON.stringify(tally.line(step)));
  };
  const witness: Witness = (message, result) => {
    tally.count(message, result);
  };
  const reader = { archive, ingester, positions, stop };
  let isDone = await backfill(name, stretch, reader, { progress, witness });
  // What was begun ends where it was to end; what was asked for may end later.
  if (isDone && begun !== null && begun.end < stretch.end)
    isDone = await backfill(name, { start: begun.end - OVERLAP_MS, end: stretch.end }, reader, { progress, witness });
  if (screen !== null) await print("");
  if (isJson) await print(JSON.stringify({ done: isDone, months: tally.months() }));
  else for (const line of tally.table()) await print(line);
  if (isDone) return 0;
  return isJson ? 1 : interrupted(invocation);
}

/** What was begun under that name and is to be ended; what is older than a day is forgotten, and begins anew. */
async function freshPosition(
  name: string,
  { positions }: Pick<OpenBackfill, "positions">,
  end: Instant,
): Promise<Position | null> {
  const begun = await positions.read(name);
  if (begun === null || end - begun.end < DAY_MS) return begun;
  await positions.forget(name);
  return null;
}

function goingOn({ start, end, next }: Position): string {
  const range = `${formatInstant(start)} to ${formatInstant(end)}`;
  return `going on with ${range}, which was begun: ${next} of its slices are read (--restart begins anew)`;
}

function stretchOf(options: Invocation["options"], now: Instant): { readonly stretch: Stretch; readonly name: string } {
  const { days, start, end } = options;
  if (typeof days === "string") {
    if (start !== undefined || end !== undefined)
      throw new UsageError("backfill: give --days, or --start and --end, not both");
    if (!/^\d{1,5}$/.test(days) || Number(days) < 1 || Number(days) > MOST_DAYS)
      throw new UsageError(`backfill: --days ${JSON.stringify(days)}: a whole number from 1 to ${MOST_DAYS}`);
    return {
      stretch: { start: floorSecond(now) - Number(days) * DAY_MS, end: floorSecond(now) },
      name: `days=${days}`,
    };
  }
  if (typeof start !== "string") throw new UsageError("backfill: give --days N, or --start and perhaps --end");
  const stretch = {
    start: instantOf("start", start),
    end: typeof end === "string" ? instantOf("end", end) : floorSecond(now),
  };
  if (stretch.start >= stretch.end) throw new UsageError("backfill: --start is not before --end");
  if (stretch.end - stretch.start > MOST_DAYS * DAY_MS) throw new UsageError(`backfill: more than ${MOST_DAYS} days`);
  return { stretch, name: `${start}..${typeof end === "string" ? end : ""}` };
}

function instantOf(option: string, text: string): Instant {
  const at = /^\d{1,11}$/.test(text) ? Number(text) * SECOND_MS : parseInstant(text);
  if (at === null || at <= 0)
    throw new UsageError(
      `backfill: --${option} ${JSON.stringify(text)}: an instant like 2026-11-01T00:00:00Z, or epoch seconds`,
    );
  return at;
}

function withRate(config: Config, rate: string | boolean | undefined): Config {
  if (rate === undefined) return config;
  const calls = Number(rate);
  if (!(calls > 0 && calls <= 1000))
    throw new UsageError(`backfill: --rate ${JSON.stringify(rate)}: more than 0, at most 1000`);
  return { ...config, archiveRate: calls };
}
