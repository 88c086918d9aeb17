import type { Invocation, Screen } from "../command/command.ts";
import { jsonLine, row } from "../terminal/show.ts";
import { bar, paint, Table, type Column } from "../terminal/table.ts";
import { utcAndAway } from "../terminal/when.ts";
import type { Config } from "../../config/config.ts";
import { STAGES } from "../../domain/image/image.ts";
import { ACT_KINDS } from "../../domain/limits/budget.ts";
import { DEAFNESS_WORDS, LATE_WORDS } from "../../domain/limits/deaf.ts";
import type { Instant } from "../../domain/time.ts";
import { readStats, type Stats, type StatsReader } from "../../inspect/stats.ts";
import { MARKS } from "../../ports/index.ts";
import { statsJson, SILENT_MS } from "../../inspect/stats-json.ts";

/** Where output is no terminal, bars are drawn for one of this width. */
const USUAL_COLUMNS = 80;

/** Prints the figures. Resolves to the exit code: 1 when a part could not be read. Throws `UpstreamError`. */
export async function printStats(
  records: StatsReader & { readonly now: () => Instant },
  config: Pick<Config, "budgets" | "act">,
  isJson: boolean,
  { print, warn, screen }: Pick<Invocation, "print" | "warn" | "screen">,
): Promise<number> {
  let problems = 0;
  const tell = (problem: string): void => {
    problems += 1;
    warn(problem);
  };
  const stats = await readStats(records.now(), records, tell);
  await print(isJson ? jsonLine(statsJson(stats, config)) : statsText(stats, config, screen()).join("\n"));
  return problems === 0 ? 0 : 1;
}

function statsText(stats: Stats, config: Pick<Config, "budgets" | "act">, screen: Screen | null): readonly string[] {
  const total = stats.regions.reduce((sum, { images }) => sum + images, 0);
  const bold = (text: string): string => paint(text, "bold", screen);
  return [
    bold(`${total} live images in ${stats.regions.length} regions`),
    ...stageTable(stats, screen),
    ...countingRows(stats),
    bold("due in the coming 14 days (UTC)"),
    ...histogram(stats, screen),
    bold("overdue"),
    ...overdueRows(stats, screen),
    bold("acts"),
    ...actRows(stats, config, screen),
    bold("service"),
    ...serviceRows(stats, screen),
  ];
}

/** What is counted among the images of all stages. */
const AMONG = ["refused", "missing", "untold"] as const;

/** A row a region and a column for each stage that any has; the whole first. */
function stageTable({ regions }: Stats, screen: Screen | null): readonly string[] {
  if (regions.length === 0) return ["  no image is known"];
  const seen = new Set(regions.flatMap(({ stages }) => Object.keys(stages)));
  const stages = [...STAGES.filter((stage) => seen.has(stage)), ...[...seen].filter((name) => !isStage(name))];
  const columns: Column[] = [
    { name: "REGION", least: 14, most: 14, rank: 0 },
    ...stages.map((name, index) => ({ name, least: 8, most: 10, rank: index + 1 })),
    { name: "refused", least: 8, most: 10, rank: 20 },
    { name: "missing", least: 8, most: 10, rank: 21 },
    { name: "untold", least: 8, most: 10, rank: 22 },
  ];
  const table = new Table(columns, screen);
  const cells = (of: Readonly<Record<string, number>>): string[] => stages.map((stage) => String(of[stage] ?? 0));
  const all: Record<string, number> = {};
  for (const { stages: of } of regions)
    for (const [stage, count] of Object.entries(of)) all[stage] = (all[stage] ?? 0) + count;
  const sum = (name: (typeof AMONG)[number]): string => String(regions.reduce((total, each) => total + each[name], 0));
  return [
    table.head(),
    ...(regions.length === 1 ? [] : [table.row(["all", ...cells(all), ...AMONG.map(sum)])]),
    ...regions.map((each) =>
      table.row([each.region, ...cells(each.stages), ...AMONG.map((name) => String(each[name]))]),
    ),
  ];
}

/** A line of each region whose counts are not, or not yet, those of its images. */
function countingRows({ regions }: Stats): readonly string[] {
  return regions
    .filter(({ images, counted }) => images !== counted)
    .map(({ region, images, counted }) => `  ${region}: being counted: ${counted} of ${images}`);
}

/** A line a day: make-private and delete apart, each with a bar of its own scale. */
function histogram({ days }: Stats, screen: Screen | null): readonly string[] {
  const columns = Math.min(screen?.columns ?? USUAL_COLUMNS, 120);
  const most = { private: 0, delete: 0 };
  for (const day of days) for (const kind of ACT_KINDS) most[kind] = Math.max(most[kind], day[kind]);
  const digits = Math.max(3, ...ACT_KINDS.map((kind) => String(most[kind]).length));
  const width = Math.max(3, Math.floor((columns - 7) / 2) - digits - 3);
  const part = (kind: "private" | "delete", value: number): string => {
    const filled = bar(value, most[kind], width, "#");
    return `${String(value).padStart(digits)} ${paint(filled, kind === "delete" ? "red" : "yellow", screen)}${" ".repeat(width - filled.length)}`;
  };
  const head = `  day   ${"make private".padEnd(digits + width + 2).slice(0, digits + width + 2)} delete`;
  return [
    head.slice(0, columns),
    ...days.map((day) =>
      `  ${day.day.slice(5)} ${part("private", day.private)}  ${part("delete", day.delete)}`.trimEnd(),
    ),
  ];
}

function overdueRows({ overdue, at }: Stats, screen: Screen | null): readonly string[] {
  const due = overdue.filter(({ images }) => images > 0);
  const rows = due.flatMap(({ queue, images, oldest }) => {
    const since =
      oldest === null ? "" : `; the oldest ${oldest.region} ${oldest.amiId} since ${utcAndAway(oldest.wakeAt, at)}`;
    return row(queue, `${images}${since}`, screen?.columns);
  });
  return rows.length > 0 ? rows : ["  nothing"];
}

function actRows(
  { spent, pause, stops, ordersWaiting, at }: Stats,
  { budgets, act }: Pick<Config, "budgets" | "act">,
  screen: Screen | null,
): readonly string[] {
  const put = (name: string, text: string): readonly string[] => row(name, text, screen?.columns);
  const since = (instant: Instant): string => (instant === 0 ? "an unknown time" : utcAndAway(instant, at));
  return [
    ...put("made private", `${spent.private} of ${budgets.maxPrivatePerDay} today`),
    ...put("deleted", `${spent.delete} of ${budgets.maxDeletesPerDay} today`),
    ...(pause === null
      ? put("paused", "no")
      : put("paused", `since ${since(pause.since)} by ${pause.by}: ${pause.why}; clean-amis resume ends it`)),
    ...stops.flatMap((stop) =>
      put("stopped", `${stop.kind}, since ${since(stop.since)}: ${stop.reason}; clean-amis resume ends it`),
    ),
    ...(ordersWaiting === 0
      ? []
      : put(
          "orders wait",
          `${ordersWaiting}; nothing is acted on before consume, or tick --once, has carried them out`,
        )),
    ...put(
      "may",
      act === "nothing"
        ? "nothing, by this configuration"
        : `${act === "delete" ? "make private and delete" : "make private"}, by this configuration`,
    ),
  ];
}

function serviceRows(
  { signs, breakers, heard, reporter, bus, rejected, at }: Stats,
  screen: Screen | null,
): readonly string[] {
  const put = (name: string, text: string): readonly string[] => row(name, text, screen?.columns);
  const last = (instant: Instant | null | undefined): string => (instant == null ? "never" : utcAndAway(instant, at));
  const deaf = heard?.deafness == null ? "" : `; nothing is acted on: ${DEAFNESS_WORDS[heard.deafness]}`;
  const alive = signs.replicas.filter(({ seenAt }) => at - seenAt < SILENT_MS);
  const silent = signs.replicas.filter(({ seenAt }) => at - seenAt >= SILENT_MS);
  const failing = (name: string, status: Stats["reporter"]): readonly string[] =>
    status?.state === "failing" ? put(name, `since ${last(status.since)}: ${status.reason}`) : [];
  return [
    ...put(
      "heard until",
      `${heard?.until == null && heard?.deafness !== "never" ? "unknown" : last(heard.until)}${deaf}`,
    ),
    ...(heard?.lateSince == null ? [] : put("not heard", `since ${last(heard.lateSince)}: ${LATE_WORDS}`)),
    ...MARKS.flatMap((mark) => put(`last ${mark}`, last(signs.marks[mark]))),
    ...put("replicas", alive.length === 0 ? "none runs" : alive.map(({ id }) => id).join(", ")),
    ...silent.flatMap(({ id, seenAt }) => put("silent", `${id}, last seen ${last(seenAt)}`)),
    ...signs.hung.flatMap(({ pass, since, replica }) =>
      put("hangs", `${pass}, since ${last(since)}, in ${replica}; it is begun anew each time: see the log`),
    ),
    ...failing("reports fail", reporter),
    ...failing("bus not told", bus),
    ...breakers.flatMap(({ region, since, why }) => put("left alone", `${region}, since ${last(since)}: ${why}`)),
    ...put("not understood", rejected === 0 ? "0 messages" : `${rejected} messages; clean-amis rejected list`),
  ];
}

function isStage(name: string): boolean {
  return STAGES.some((stage) => stage === name);
}
