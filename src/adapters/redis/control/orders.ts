import { randomUUID } from "node:crypto";
import type { RedisConnection } from "../connection.ts";
import { asUpstream } from "../strange.ts";
import { onceATurn } from "../once-a-turn.ts";
import { Keeper } from "../keeping.ts";
import { ControlLease } from "../lease.ts";
import { pairsOf } from "../images/record.ts";
import { loadScript } from "../script.ts";
import { translateErrors } from "../../translate.ts";
import { isAmiId, isRegion } from "../../../domain/image/image.ts";
import { VERBS } from "../../../domain/image/order.ts";
import { jsonOf } from "../../../domain/json.ts";
import { DAY_MS, formatInstant, HOUR_MS, parseInstant, SECOND_MS } from "../../../domain/time.ts";
import type { Answer, PlacedOrder, Orders } from "../../../ports/index.ts";

const queue = loadScript("control/order");

/** Each change confirms it. While orders wait for it to run out, because who had it died, nothing is acted on. */
const LEASE_MS = 15 * SECOND_MS;
/** Nobody asks for the same again after this. */
const ONCE_S = HOUR_MS / SECOND_MS;
const ANSWER_S = (7 * DAY_MS) / SECOND_MS;

/** People's orders: a stream of those that wait, and an answer for each that was carried out. */
export function redisOrders(connection: RedisConnection): Orders {
  const { redis, keys, strangers } = connection;
  const keeper = new Keeper(connection);
  const stream = keys.control("requests");
  const lease = keys.control("requests:lease");
  const orders: Orders = {
    add: async (order) => {
      const once = keys.control(`order:${randomUUID()}`);
      return (await queue(redis, [stream, once], [ONCE_S, ...writeOrder(order)])) as string;
    },
    waiting: async (limit) => {
      const entries = await redis.xrange(stream, "-", "+", "COUNT", limit);
      return entries.map(([id, flat]) => ({ id, order: readOrder(pairsOf(flat)) }));
    },
    count: onceATurn(() => redis.xlen(stream)),
    answer: async (id, answers) => {
      await redis
        .multi()
        .set(keys.control(`answer:${id}`), JSON.stringify(answers), "EX", ANSWER_S, "NX")
        .xdel(stream, id)
        .exec();
    },
    answerTo: async (id) => {
      const key = keys.control(`answer:${id}`);
      const text = await strangers.orTell(key, redis.get(key), "");
      if (text === null) return null;
      const answers = jsonOf(text);
      return isAnswers(answers) ? answers : [UNREADABLE];
    },
    lease: async () => {
      const run = await keeper.begin();
      const taken = await ControlLease.take(redis, lease, LEASE_MS);
      if (taken === null) return null;
      return translateErrors(
        { confirm: () => taken.confirm(), end: () => taken.end(), kept: () => keeper.replicated(run) },
        asUpstream,
      );
    },
  };
  return translateErrors(orders, asUpstream);
}

function writeOrder(order: PlacedOrder): string[] {
  const until = order.until === null ? "" : formatInstant(order.until);
  return [
    ...["verb", order.verb, "by", order.by, "why", order.why, "until", until, "at", formatInstant(order.at)],
    ...["compose", order.composeId ?? "", "images", JSON.stringify(order.images)],
  ];
}

/** Whoever waits for an answer must not wait for ever. */
const UNREADABLE: Answer = {
  region: null,
  amiId: null,
  happened: "it was carried out, and its answer in Redis cannot be read",
  next: "clean-amis explain tells what became of the images",
};

export function isAnswers(value: unknown): value is readonly Answer[] {
  return Array.isArray(value) && value.every(isAnswer);
}

function isAnswer(value: unknown): value is Answer {
  if (typeof value !== "object" || value === null || !("happened" in value) || !("next" in value)) return false;
  return typeof value.happened === "string" && typeof value.next === "string";
}

/** An order as it was queued; null for an entry that somebody else wrote and nobody understands. */
function readOrder(entry: Readonly<Record<string, string>>): PlacedOrder | null {
  const verb = VERBS.find((name) => name === entry["verb"]);
  const images = readImages(entry["images"] ?? "[]");
  const until = parseInstant(entry["until"] ?? "");
  // A hold whose end cannot be read must not become one without end, nor an order for nothing one for something.
  if (verb === undefined || images === null || (until === null && entry["until"])) return null;
  return {
    verb,
    until,
    images,
    by: entry["by"] ?? "",
    why: entry["why"] ?? "",
    at: parseInstant(entry["at"] ?? "") ?? 0,
    composeId: entry["compose"] || null,
  };
}

function readImages(text: string): PlacedOrder["images"] | null {
  const value = jsonOf(text);
  return Array.isArray(value) && value.every(isTarget) ? value : null;
}

function isTarget(value: unknown): value is PlacedOrder["images"][number] {
  if (typeof value !== "object" || value === null || !("region" in value) || !("amiId" in value)) return false;
  const { region, amiId } = value;
  return typeof region === "string" && isRegion(region) && typeof amiId === "string" && isAmiId(amiId);
}
