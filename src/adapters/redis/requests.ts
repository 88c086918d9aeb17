import { randomUUID } from "node:crypto";
import { VERBS } from "../../domain/request.ts";
import { DAY_MS, formatInstant, MINUTE_MS, parseInstant, SECOND_MS } from "../../domain/time.ts";
import type { Answer, Order, Requests } from "../../ports.ts";
import { translateErrors } from "../translate.ts";
import { asUpstream, UnreadableRecord, type RedisConnection } from "./connection.ts";
import { pairsOf } from "./record.ts";
import { loadScript } from "./script.ts";

const release = loadScript("release");

const LEASE_MS = MINUTE_MS;
const ANSWER_S = (7 * DAY_MS) / SECOND_MS;

/** People's orders: a stream of those that wait, and an answer for each that was carried out. */
export function redisRequests({ redis, keys }: RedisConnection): Requests {
  const stream = keys.control("requests");
  const lease = keys.control("requests:lease");
  const requests: Requests = {
    add: async (order) => {
      const id = await redis.xadd(stream, "*", ...writeOrder(order));
      if (id === null) throw new Error(`redis: ${stream} took no entry`);
      return id;
    },
    waiting: async (limit) => {
      const entries = await redis.xrange(stream, "-", "+", "COUNT", limit);
      return entries.map(([id, flat]) => ({ id, ...readOrder(id, pairsOf(flat)) }));
    },
    answer: async (id, answers) => {
      await redis
        .multi()
        .set(keys.control(`answer:${id}`), JSON.stringify(answers), "EX", ANSWER_S, "NX")
        .xdel(stream, id)
        .exec();
    },
    answerTo: async (id) => {
      const text = await redis.get(keys.control(`answer:${id}`));
      return text === null ? null : (JSON.parse(text) as readonly Answer[]);
    },
    lease: async () => {
      const token = randomUUID();
      if ((await redis.set(lease, token, "PX", LEASE_MS, "NX")) !== "OK") return null;
      return {
        release: async () => {
          await release(redis, [lease], [token]);
        },
      };
    },
  };
  return translateErrors(requests, asUpstream);
}

function writeOrder(order: Order): string[] {
  const until = order.until === null ? "" : formatInstant(order.until);
  return [
    ...["verb", order.verb, "by", order.by, "why", order.why, "until", until, "at", formatInstant(order.at)],
    ...["compose", order.composeId ?? "", "images", JSON.stringify(order.images)],
  ];
}

function readOrder(id: string, entry: Readonly<Record<string, string>>): Order {
  const verb = VERBS.find((name) => name === entry["verb"]);
  if (verb === undefined) throw new UnreadableRecord(`request ${id}: unknown verb ${entry["verb"] ?? ""}`);
  return {
    verb,
    by: entry["by"] ?? "",
    why: entry["why"] ?? "",
    until: parseInstant(entry["until"] ?? ""),
    at: parseInstant(entry["at"] ?? "") ?? 0,
    composeId: entry["compose"] || null,
    images: JSON.parse(entry["images"] ?? "[]") as Order["images"],
  };
}
