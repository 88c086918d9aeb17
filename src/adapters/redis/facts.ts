import type { RedisConnection } from "./connection.ts";
import { asUpstream } from "./strange.ts";
import { readHold, writeHold } from "./images/record.ts";
import { loadScript } from "./script.ts";
import { translateErrors } from "../translate.ts";
import { FACT_SOURCES, noFacts, type ComposeFacts, type Fact, type Testimony } from "../../domain/compose/facts.ts";
import { DAY_MS, formatInstant, parseInstant, SECOND_MS } from "../../domain/time.ts";
import type { Facts } from "../../ports/index.ts";

const remember = loadScript("remember");
const writeHoldOf = loadScript("hold");

/**
 * A hold on a compose that nobody knows ends by itself so long after it was given, or after its own end: anybody can ask for
 * one.
 */
const UNKNOWN_HELD_MS = 90 * DAY_MS;

/** What is remembered of composes: one hash a compose, one field a source and fact, such as `pungi.label`. */
export function redisFacts({ redis, keys, strangers }: RedisConnection): Facts {
  const facts: Facts = {
    recall: async (composeIds) => {
      const names = composeIds.map((composeId) => keys.compose(composeId));
      const hashes = await strangers.eachOrTell(
        names,
        names.map((key) => redis.hgetall(key)),
        null,
      );
      return composeIds.flatMap((composeId, index) => {
        const hash = hashes[index] ?? null;
        if (hash === null) return [];
        return Object.keys(hash).length === 0 ? noFacts(composeId) : readFacts(composeId, hash);
      });
    },
    remember: async (fact) => {
      const words = factFields(fact);
      const answer = await remember(
        redis,
        [keys.compose(fact.composeId)],
        [words.length, ...words, ...noteFields(fact)],
      );
      return answer === 1;
    },
    noteAsked: async (composeId, source, outcome, at) => {
      const key = keys.compose(composeId);
      await redis.hset(key, `${source}.asked`, `${formatInstant(at)} ${outcome}`);
      await redis.persist(key);
    },
    hold: async (composeId, hold) => {
      const untilMs = (hold?.until ?? 0) - (hold?.since ?? 0);
      const lifeS = Math.ceil((Math.max(0, untilMs) + UNKNOWN_HELD_MS) / SECOND_MS);
      await writeHoldOf(redis, [keys.compose(composeId)], [lifeS, ...writeHold(hold)]);
    },
    testimony: async (composeId) => readTestimony(await redis.hgetall(keys.compose(composeId))),
  };
  return translateErrors(facts, asUpstream);
}

/** A label that a source says is not there is an empty text; one that it does not speak of is no field at all. */
function factFields({ source, type, label }: Fact): string[] {
  return [
    ...(type === undefined ? [] : [`${source}.type`, type]),
    ...(label === undefined ? [] : [`${source}.label`, label ?? ""]),
  ];
}

function noteFields({ source, location, released, at, by }: Fact): string[] {
  return [
    ...(location === undefined ? [] : ["location", location]),
    ...(released === true ? ["released_at", formatInstant(at), "released_by", by] : []),
    ...(released === true ? [] : [`${source}.heard_at`, formatInstant(at), `${source}.by`, by]),
  ];
}

function readFacts(composeId: string, hash: Readonly<Record<string, string>>): ComposeFacts {
  const said = (fact: string): { source: (typeof FACT_SOURCES)[number]; value: string }[] =>
    FACT_SOURCES.flatMap((source) => {
      const value = hash[`${source}.${fact}`];
      return value === undefined ? [] : [{ source, value }];
    });
  return {
    composeId,
    types: said("type"),
    labels: said("label").map(({ source, value }) => ({ source, value: value === "" ? null : value })),
    released: hash["released_at"] !== undefined,
    contradiction: hash["contradiction"] ?? null,
    location: hash["location"] ?? null,
    hold: readHold(hash),
    asked: said("asked").map(({ source, value }) => {
      const [at = "", outcome] = value.split(" ");
      return { source, outcome: outcome === "said" ? "said" : "silent", at: parseInstant(at) ?? 0 };
    }),
  };
}

function readTestimony(hash: Readonly<Record<string, string>>): readonly Testimony[] {
  const heard = (of: Testimony["of"], by: string | undefined, at: string | undefined): Testimony[] =>
    by === undefined ? [] : [{ of, by, at: parseInstant(at ?? "") ?? 0 }];
  return [
    ...FACT_SOURCES.flatMap((source) => heard(source, hash[`${source}.by`], hash[`${source}.heard_at`])),
    ...heard("release", hash["released_by"], hash["released_at"]),
  ];
}
