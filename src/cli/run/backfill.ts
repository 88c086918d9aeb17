import type { OpenBackfill } from "../../app/backfill.ts";
import { CONFIG, configOf, type Command, type Invocation } from "../command/command.ts";
import { Tally } from "./tally.ts";
import type { Config } from "../../config/config.ts";
import { DAY_MS, floorSecond, formatInstant, parseInstant, SECOND_MS, type Instant } from "../../domain/time.ts";
import { ConfigError, UsageError } from "../../errors.ts";
import { backfill, slicesOf, readHeard, type Progress, type Witness } from "../../hear/backfill.ts";
import { Rehearsal } from "../../hear/rehearsal.ts";
import type { Stretch } from "../../ports/messages.ts";

const MOST_DAYS = 3650;

export const backfillCommand: Command = {
  summary: "past messages from datagrepper through the same ingest as the live ones; goes on where it was stopped",
  positionals: "",
  options: {
    config: CONFIG,
    days: { type: "string", help: "the last so many days (else --start and --end)" },
    start: { type: "string", help: "ISO 8601 with a zone, or epoch seconds" },
    end: { type: "string", help: "likewise (else now)" },
    rate: { type: "string", help: "calls a second to datagrepper (else sources.datagrepper_rate)" },
    "dry-run": { type: "boolean", help: "print what would be scheduled; write nothing" },
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
    const config = withRate(configOf(invocation, "records"), invocation.options["rate"]);
    if (config.sources.datagrepper === null)
      throw new ConfigError(
        `${config.file}: consumer_config.sources.datagrepper is empty: there is nothing to backfill from`,
      );
    if (invocation.options["dry-run"] === true) return dryRun(stretch, config, invocation);
    const { openBackfill } = await import("../../app/backfill.ts");
    const opened = await openBackfill(config);
    try {
      return await run(name, stretch, opened, invocation);
    } finally {
      await opened.close();
    }
  },
};

async function run(name: string, stretch: Stretch, opened: OpenBackfill, invocation: Invocation): Promise<number> {
  const { print, stop, options } = invocation;
  const { archive, ingester, positions } = opened;
  if (archive === null) throw new ConfigError("there is no archive to backfill from");
  if (options["restart"] === true) await positions.forget(name);
  const tally = new Tally(Date.now());
  const screen = options["json"] === true ? null : invocation.screen();
  const progress = async (step: Progress): Promise<void> => {
    tally.step(step);
    if (screen !== null) await invocation.write(`\r${tally.bar(screen.columns, Date.now())}`);
    else await print(JSON.stringify(tally.line(step)));
  };
  const witness: Witness = (message, result) => {
    tally.count(message, result);
  };
  const isDone = await backfill(name, stretch, { archive, ingester, positions, stop }, { progress, witness });
  if (screen !== null) await print("");
  if (options["json"] === true) await print(JSON.stringify({ done: isDone, months: tally.months() }));
  else for (const line of tally.table()) await print(line);
  if (!isDone) await print("stopped: the same command goes on from here");
  return isDone ? 0 : 1;
}

/** What would be scheduled, by the messages alone. */
async function dryRun(stretch: Stretch, config: Config, { print, stop }: Invocation): Promise<number> {
  const { openArchive } = await import("../../app/upstream.ts");
  const archive = openArchive(config);
  const rehearsal = new Rehearsal();
  if (archive === null) return 1;
  const counts = new Map<string, number>();
  for (const slice of slicesOf(stretch)) {
    if (stop.aborted) return 1;
    for await (const heard of readHeard(slice, archive, config.environments)) {
      rehearsal.learn(heard);
      if (heard.kind !== "uploads") continue;
      for (const upload of heard.uploads) {
        const fate = rehearsal.fateOf(upload, config.policy);
        const kind = fate.split(":")[0] ?? fate;
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
        const due = formatInstant(upload.uploadedAt + config.periods.privateAfterMs);
        await print(
          `${upload.region} ${upload.amiId} ${upload.composeId}: ${fate}${kind.startsWith("delete") ? `; private at ${due}` : ""}`,
        );
      }
    }
  }
  for (const [what, number] of [...counts].sort()) await print(`${String(number).padStart(8)}  ${what}`);
  return 0;
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
