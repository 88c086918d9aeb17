import { Refusal } from "./refusal.ts";
import { timeRange } from "./time-range.ts";
import type { TimeRange } from "./time-range.ts";
import { DAY_MS, SECOND_MS } from "../../../domain/time.ts";
import type { Instant } from "../../../domain/time.ts";

/** What one call asks for, checked. Of one name any value may match; all names must. */
export interface Query extends TimeRange {
  readonly users: readonly string[];
  readonly packages: readonly string[];
  readonly categories: readonly string[];
  readonly topics: readonly string[];
  readonly agents: readonly string[];
  readonly contains: readonly string[];
  readonly notUsers: readonly string[];
  readonly notPackages: readonly string[];
  readonly notCategories: readonly string[];
  readonly notTopics: readonly string[];
  readonly notAgents: readonly string[];
  readonly page: number;
  /** 0: all of them on one page. */
  readonly rowsPerPage: number;
  readonly order: "asc" | "desc";
  readonly meta: readonly string[];
}

/** `4 * 8` weeks, which the message of the refusal calls eight months. */
const CONTAINS_REACHES_MS = 4 * 8 * 7 * DAY_MS;
const SIZES = ["small", "medium", "large", "extra-large"];
const BOOLEANS = ["true", "yes", "on", "y", "t", "1", "false", "no", "off", "n", "f", "0"];

/**
 * Reads the parameters in the order of datagrepper/app.py `raw`, so that of several mistakes the same one is told. Throws a
 * `Refusal` "bad-request" for what it checks, and "internal" for what Python cannot convert.
 */
export function readQuery(query: URLSearchParams, defaultDelta: number, now: Instant): Query {
  const range = timeRange(query, defaultDelta, now);
  const contains = query.getAll("contains");
  const [categories, topics] = [query.getAll("category"), query.getAll("topic")];
  if (contains.length > 0 && (range.start ?? 0) * SECOND_MS < now - CONTAINS_REACHES_MS)
    throw badRequest("When using contains, specify a start at most eight months into the past");
  if (contains.length > 0 && categories.length + topics.length === 0)
    throw badRequest("When using contains, specify either a topic or a category as well");
  const page = readInteger(query.get("page"), 1);
  if (page < 1) throw badRequest("page must be > 0");
  const rowsPerPage = readInteger(query.get("rows_per_page"), 25);
  if (rowsPerPage > 100) throw badRequest("rows_per_page must be <= 100");
  const order = query.get("order") ?? "desc";
  if (order !== "desc" && order !== "asc") throw badRequest("order must be either 'desc' or 'asc'");
  if (!SIZES.includes(query.get("size") ?? "large"))
    throw badRequest(`size must be in one of these: [${SIZES.map((size) => `'${size}'`).join(", ")}]`);
  if (!BOOLEANS.includes((query.get("chrome") ?? "true").trim().toLowerCase()))
    throw badRequest("chrome should be either 'true' or 'false'");
  return {
    ...range,
    users: query.getAll("user"),
    packages: query.getAll("package"),
    categories,
    topics,
    agents: query.getAll("agent"),
    contains,
    notUsers: query.getAll("not_user"),
    notPackages: query.getAll("not_package"),
    notCategories: query.getAll("not_category"),
    notTopics: query.getAll("not_topic"),
    notAgents: query.getAll("not_agent"),
    page,
    rowsPerPage,
    order,
    meta: query.getAll("meta"),
  };
}

/** The `arguments` of an answer: what was asked for, as it was understood. */
export function argumentsJson(query: Query): object {
  const { start, delta, end, users, packages, categories, topics, agents, contains, page, order, meta } = query;
  return {
    start,
    delta,
    end,
    users,
    packages,
    categories,
    topics,
    agents,
    contains,
    not_users: query.notUsers,
    not_packages: query.notPackages,
    not_categories: query.notCategories,
    not_topics: query.notTopics,
    not_agents: query.notAgents,
    page,
    rows_per_page: query.rowsPerPage,
    order,
    meta,
  };
}

/** Python's `int()`. */
function readInteger(text: string | null, absent: number): number {
  if (text === null) return absent;
  if (!/^\s*[+-]?\d+(?:_\d+)*\s*$/.test(text))
    throw new Refusal("internal", `invalid literal for int() with base 10: '${text}'`);
  return Number(text.replaceAll("_", ""));
}

function badRequest(words: string): Refusal {
  return new Refusal("bad-request", words);
}
