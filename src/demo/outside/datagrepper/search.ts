import { categoryOf } from "./archive.ts";
import type { ArchivedMessage, Timeline } from "./archive.ts";
import type { Query } from "./query.ts";
import { Refusal } from "./refusal.ts";
import { SECOND_MS } from "../../../domain/time.ts";

export interface Found {
  readonly total: number;
  readonly pages: number;
  readonly messages: readonly ArchivedMessage[];
}

/** All rows on one page is legal; so many of them no worker sends within its 60 seconds. */
const MOST_ROWS = 10_000;

/**
 * Searches as datanommer.models `Message.grep` does: a COUNT, then a SELECT with OFFSET and LIMIT, ordered by the timestamp
 * alone. What has the same timestamp comes in an order that depends on `salt`: another salt, another order. Holds no more than
 * one page and the positions of one instant. Throws a `Refusal` for what the database would not do.
 */
export function search(timeline: Timeline, query: Query, salt: number): Found {
  const { page, rowsPerPage } = query;
  if (rowsPerPage < 0)
    throw new Refusal("query", "(psycopg2.errors.InvalidRowCountInLimitClause) LIMIT must not be negative");
  const from = rowsPerPage * (page - 1);
  const to = rowsPerPage === 0 ? Infinity : from + rowsPerPage;
  const chosen: number[] = [];
  let total = 0;
  let instant: { readonly at: number; readonly positions: number[] } = { at: NaN, positions: [] };
  const endInstant = (): void => {
    const { positions } = instant;
    if (total < to && total + positions.length > from)
      chosen.push(...shuffle(positions, salt).slice(Math.max(0, from - total), to - total));
    total += positions.length;
    if (rowsPerPage === 0 && total > MOST_ROWS) throw new Refusal("too-slow", "all rows on one page");
  };
  // As in datanommer a start or end of 0 counts as none, and without both there is no range at all.
  const isRange = Boolean(query.start) && Boolean(query.end);
  const first = isRange ? (query.start ?? 0) * SECOND_MS : -Infinity;
  const last = isRange ? (query.end ?? 0) * SECOND_MS : Infinity;
  for (const position of timeline.positions(first, last, query.order)) {
    if (!matches(timeline, position, query)) continue;
    const at = timeline.timeOf(position);
    if (at !== instant.at) {
      endInstant();
      instant = { at, positions: [] };
    }
    instant.positions.push(position);
  }
  endInstant();
  const messages = chosen.map((position) => timeline.messageOf(position));
  const pages = rowsPerPage === 0 ? 1 : Math.ceil(total / rowsPerPage);
  // With one page the total is the length of what was found, which on page 2 of 1 is nothing.
  return { total: pages === 1 ? messages.length : total, pages, messages };
}

function matches(timeline: Timeline, position: number, query: Query): boolean {
  const { topics, notTopics, categories, notCategories } = query;
  if ([topics, notTopics, categories, notCategories].some(({ length }) => length > 0)) {
    const topic = timeline.topicOf(position);
    if (!agrees([topic], topics, notTopics)) return false;
    if (!agrees([categoryOf(topic)], categories, notCategories)) return false;
  }
  const { users, notUsers, packages, notPackages, agents, notAgents, contains } = query;
  if ([users, notUsers, packages, notPackages, agents, notAgents, contains].every(({ length }) => length === 0))
    return true;
  const message = timeline.messageOf(position);
  const { agentName } = message;
  return (
    agrees(message.users ?? [], users, notUsers) &&
    agrees(message.packages ?? [], packages, notPackages) &&
    // In SQL nothing is unequal to NULL either: a message without an agent is not found by `not_agent`.
    (agentName === undefined ? agents.length + notAgents.length === 0 : agrees([agentName], agents, notAgents)) &&
    (contains.length === 0 || contains.some((each) => isLike(pythonJson(message.body), each)))
  );
}

/** Any of the wanted, if any is wanted, and none of the unwanted. */
function agrees(values: readonly string[], wanted: readonly string[], unwanted: readonly string[]): boolean {
  return (
    (wanted.length === 0 || wanted.some((each) => values.includes(each))) &&
    !unwanted.some((each) => values.includes(each))
  );
}

/** SQL's `LIKE '%pattern%'`: `%` stands for any text, `_` for one character, a backslash takes the next one as it is. */
function isLike(text: string, pattern: string): boolean {
  const source = pattern.replaceAll(/\\(.)|([\s\S])/gu, (_whole, escaped?: string, plain?: string) => {
    if (plain === "%") return "[\\s\\S]*";
    if (plain === "_") return "[\\s\\S]";
    return (escaped ?? plain ?? "").replaceAll(/[$()*+./?[\\\]^{|}]/g, "\\$&");
  });
  return new RegExp(source, "u").test(text);
}

/** A text in JSON, or a sign between two values. */
const TEXT_OR_SIGN = /"[^"\\]*(?:\\.[^"\\]*)*"|[,:]/g;

/** JSON as Python's `json.dumps` writes it, which is what is stored: blanks after `,` and `:`, ASCII only. */
function pythonJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(TEXT_OR_SIGN, (found) =>
    found.startsWith('"') ? found.replaceAll(/[\u007f-\uffff]/g, escaped) : `${found} `,
  );
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A stable order that looks like none, another one for every salt. */
function shuffle(positions: readonly number[], salt: number): number[] {
  const rank = (position: number): number => {
    const mixed = Math.imul(position ^ Math.imul(salt + 1, 0x9e3779b1), 0x85ebca6b);
    return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35) >>> 0;
  };
  return positions.toSorted((a, b) => rank(a) - rank(b) || a - b);
}
