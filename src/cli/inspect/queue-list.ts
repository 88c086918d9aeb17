import type { Invocation, Screen } from "../command/command.ts";
import { jsonLine, plain, row } from "../terminal/show.ts";
import { Table, type Cell, type Column } from "../terminal/table.ts";
import { away, utc } from "../terminal/when.ts";
import { isInForce, untilText } from "../../domain/hold.ts";
import type { Refusal } from "../../domain/plan/refusal.ts";
import { refusalOf } from "../../domain/plan/refusal.ts";
import { describeSituation, situationOf } from "../../domain/plan/situation.ts";
import { DAY_MS, type Instant } from "../../domain/time.ts";
import { listQueues, type QueueFilter, type Listed, type QueueReader } from "../../inspect/queue.ts";
import { listedJson } from "../../inspect/json.ts";

const COLUMNS = {
  due: { name: "DUE", least: 10, most: 10, rank: 0 },
  queue: { name: "QUEUE", least: 7, most: 10, rank: 2 },
  region: { name: "REGION", least: 14, most: 14, rank: 3 },
  ami: { name: "AMI", least: 21, most: 21, rank: 1 },
  compose: { name: "COMPOSE", least: 27, most: 34, rank: 5 },
  stage: { name: "STAGE", least: 10, most: 10, rank: 6 },
  at: { name: "AT (UTC)", least: 20, most: 20, rank: 4 },
  note: { name: "NOTE", least: 12, most: 200, rank: 7, isWhole: true },
} as const satisfies Record<string, Column>;
type ColumnName = keyof typeof COLUMNS;

export interface ListOptions {
  readonly filter: QueueFilter;
  readonly format: "table" | "json" | "plain";
  /** Rows at the most. */
  readonly limit: number;
}

/** Prints what waits, piece by piece. Resolves to the exit code: 1 when a part could not be read. Throws `UpstreamError`. */
export async function printList(
  { filter, format, limit }: ListOptions,
  records: QueueReader & { readonly now: () => Instant },
  { print, warn, screen, stop }: Pick<Invocation, "print" | "warn" | "screen" | "stop">,
): Promise<number> {
  let problems = 0;
  const tell = (problem: string): void => {
    problems += 1;
    warn(problem);
  };
  const lines = linesOf(filter, format, records.now(), screen());
  let count = 0;
  for await (const piece of listQueues(filter, records, tell, format !== "plain")) {
    stop.throwIfAborted();
    const shown = piece.slice(0, limit - count);
    if (shown.length > 0 && count === 0 && lines.head !== null) await print(lines.head);
    for (const { strange, region, amiId } of shown) if (strange !== null) tell(plain(`${region} ${amiId}: ${strange}`));
    // One write for a piece: a million of them would take longer than everything else.
    if (shown.length > 0) await print(shown.map(lines.of).join("\n"));
    count += shown.length;
    if (count === limit) break;
  }
  if (count === 0 && format === "table") await print("nothing waits that was asked for");
  return problems === 0 ? 0 : 1;
}

interface Lines {
  readonly head: string | null;
  readonly of: (listed: Listed) => string;
}

function linesOf(filter: QueueFilter, format: ListOptions["format"], now: Instant, screen: Screen | null): Lines {
  switch (format) {
    case "plain":
      return { head: null, of: ({ region, amiId }) => plain(`${region} ${amiId}`) };
    case "json":
      return { head: null, of: (listed) => jsonLine(listedJson(listed)) };
    case "table": {
      const names = columnsFor(filter);
      const columns = names.map((name) => COLUMNS[name]);
      const table = new Table(columns, screen);
      const line = (listed: Listed): string => table.row(names.map((name) => cellOf(name, listed, now)));
      const of = filter.isRefused
        ? (listed: Listed): string => [line(listed), ...refusalRows(listed, screen)].join("\n")
        : line;
      return { head: table.head(), of };
    }
  }
}

/** What a filter says of every row is not said again in each. */
function columnsFor({ composeId, regions, isHeld, isRefused }: QueueFilter): readonly ColumnName[] {
  const told: ColumnName[] = [
    ...(composeId === null ? [] : (["compose"] as const)),
    ...(regions?.length === 1 ? (["region"] as const) : []),
    ...(isHeld ? (["queue"] as const) : []),
    ...(isRefused ? (["note"] as const) : []),
  ];
  return (Object.keys(COLUMNS) as ColumnName[]).filter((name) => !told.includes(name));
}

function cellOf(name: ColumnName, listed: Listed, now: Instant): Cell {
  const { image, wakeAt } = listed;
  switch (name) {
    case "due": {
      const text = away(wakeAt, now);
      if (wakeAt <= now) return { text, style: "red" };
      return wakeAt < now + DAY_MS ? { text, style: "yellow" } : text;
    }
    case "queue":
      return listed.queue ?? "-";
    case "region":
      return listed.region;
    case "ami":
      return listed.amiId;
    case "compose":
      return image?.composeId ?? "?";
    case "stage":
      return image === null ? { text: "?", style: "red" } : image.stage;
    case "at":
      return { text: utc(wakeAt), style: "dim" };
    case "note":
      return noteOf(listed, now);
  }
}

/** What a person has to know beyond the deadline. */
function noteOf({ image, strange, queue }: Listed, now: Instant): Cell {
  if (image === null) return { text: strange ?? "", style: "red" };
  const { hold } = image;
  if (image.stage === "held" && hold !== null) {
    const until = hold.until === null ? "without end" : `until ${untilText(hold)}`;
    return { text: `held by ${hold.by} ${until}: ${hold.why}`, style: isInForce(hold, now) ? "cyan" : "dim" };
  }
  const situation = image.token === "" ? situationOf(image) : null;
  if (situation !== null) return { text: describeSituation(situation), style: "red" };
  const refusal = refusalOf(image);
  if (refusal !== null) return { text: `refused, ${refusal.code}: ${refusal.reason}`, style: "red" };
  if (image.token !== "" && queue !== null) return { text: "being worked on", style: "green" };
  if (image.lastError !== "") return { text: image.lastError, style: "yellow" };
  if (image.stage === "private" && queue === null) return "waits for the public notice";
  return image.stage === "kept" ? `${image.rule ?? ""}: ${image.reason}` : "";
}

function refusalRows({ image }: Listed, screen: Screen | null): readonly string[] {
  const refusal = image === null ? null : refusalOf(image);
  const situation = image === null ? null : situationOf(image);
  return [
    ...(refusal === null ? [] : refusalText(refusal, screen)),
    ...(situation === null ? [] : row("half done", describeSituation(situation), screen?.columns)),
  ];
}

/** The refusal and its cure, for people. */
function refusalText({ code, reason, cure }: Refusal, screen: Screen | null): readonly string[] {
  return [...row("refused", `${code}: ${reason}`, screen?.columns), ...row("cure", cure, screen?.columns)];
}
