import { jsonAnswer, Problem, type Answer } from "./answer.ts";
import { apiRoutes, type ApiReader } from "./api/routes.ts";
import { feedAnswer } from "./feed.ts";
import { sharedMetrics, type SharedFigures } from "./metrics/shared.ts";
import { findPage, type Finder } from "./page/find.ts";
import { overviewPage, type Known } from "./page/overview.ts";
import { iconAnswer, styleAnswer } from "./page/style.ts";
import { publicEvent } from "./public.ts";
import type { Readiness } from "./ready.ts";
import type { Route } from "./routes.ts";
import { shared } from "./share.ts";
import { KEPT_FOR_A_PERSON, type Rule } from "../domain/compose/classify.ts";
import type { ImageEvent } from "../domain/image/event.ts";
import { DAY_MS } from "../domain/time.ts";
import { UpstreamError } from "../errors.ts";
import type { Health } from "../inspect/health.ts";
import { readQueuePage } from "../inspect/queue-page.ts";
import { recentEvents } from "../inspect/recent.ts";
import type { Stats } from "../inspect/stats.ts";
import type { Journal } from "../ports/index.ts";

/** Everything that is shown to people and programs. */
export interface Monitored extends Omit<ApiReader, "journal">, Omit<Finder, "journal"> {
  readonly journal: ApiReader["journal"] & Pick<Journal, "newest">;
  readonly readiness: Readiness;
  /** Counts, with what was read already. Throws `UpstreamError`. */
  readonly figures: (health: Health) => Promise<Stats>;
  /** What Redis knows, in Prometheus' words. Throws `UpstreamError`. */
  readonly shared: () => Promise<SharedFigures>;
  /** What this process counts, in Prometheus' form. */
  readonly own: () => Promise<string>;
  readonly limits: SharedFigures["limits"];
}

const NO_FILTER = { regions: null, stages: null, composeId: null, dueBy: null, isHeld: false } as const;
const MOST_REFUSED = 20;
const MOST_KEPT = 20;
const KEPT_WITHIN_MS = 14 * DAY_MS;

/** Every page, by its path. */
export function monitoringRoutes(monitored: Monitored): readonly Route[] {
  const { readiness } = monitored;
  const route = (path: string, answer: Route["answer"], parameters: readonly string[] = []): Route => ({
    path,
    parameters,
    answer,
  });
  const pages = [
    route("/metrics", () => metrics(monitored)),
    route("/", () => overview(monitored)),
    route("/find", ({ query }) => findPage(queryText(query), monitored), ["q"]),
    route("/feed.atom", ({ query }) => feedAnswer(query, monitored), ["stream", "compose"]),
    route("/style.css", styleAnswer),
    route("/icon.svg", iconAnswer),
    ...apiRoutes(monitored),
  ];
  return [
    route("/live", () => ({ ...jsonAnswer({ status: "OK" }), maxAgeS: null })),
    route("/ready", () => readiness.answer()),
    ...pages.map((page) => shared(page)),
  ];
}

function queryText(query: URLSearchParams): string {
  const text = query.get("q") ?? "";
  if (text.length > 128) throw new Problem(400, "Bad Request", "q: at most 128 characters");
  return text;
}

async function metrics({ own, shared }: Monitored): Promise<Answer> {
  let remembered = "";
  let isUp = 1;
  try {
    remembered = await sharedMetrics(await shared());
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    isUp = 0;
  }
  const up = `# HELP clean_amis_redis_up 1: Redis answers; without it nothing of what all replicas share is told.\n# TYPE clean_amis_redis_up gauge\nclean_amis_redis_up ${isUp}\n`;
  const body = [await own(), up, remembered].filter((part) => part !== "").join("\n");
  return { status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body, maxAgeS: null };
}

async function overview(monitored: Monitored): Promise<Answer> {
  const { parts, health } = await monitored.readiness.look();
  const known = health === null ? null : await knownOf(health, monitored);
  return overviewPage({ now: monitored.now(), parts, known, limits: monitored.limits });
}

async function knownOf(health: Health, monitored: Monitored): Promise<Known> {
  const { tell } = monitored;
  const now = monitored.now();
  const [stats, recent] = await Promise.all([
    monitored.figures(health),
    recentEvents(now - KEPT_WITHIN_MS, monitored, tell),
  ]);
  // Where all are counted and none is refused, no queue has to be looked through.
  const isNone = stats.regions.every(({ refused, images, counted }) => refused === 0 && images === counted);
  const filter = { ...NO_FILTER, isRefused: true };
  const listed = isNone ? [] : (await readQueuePage(filter, null, MOST_REFUSED, monitored, tell)).listed;
  return {
    stats,
    events: { ...recent, events: recent.events.filter(({ at }) => at >= now - DAY_MS).map(publicEvent) },
    refused: listed,
    kept: firstOfEachCompose(recent.events.filter(isForPerson)).slice(0, MOST_KEPT).map(publicEvent),
  };
}

/** What keeps one image of a compose keeps the others. */
function firstOfEachCompose(events: readonly ImageEvent[]): readonly ImageEvent[] {
  const seen = new Set<string>();
  return events.filter(({ composeId }) => !seen.has(composeId) && seen.add(composeId));
}

function isForPerson({ details }: ImageEvent): boolean {
  return details["stage"] === "kept" && KEPT_FOR_A_PERSON.includes(details["rule"] as Rule);
}
