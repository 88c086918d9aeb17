import type { Test } from "tap";
import { openRedis } from "../../../../src/adapters/redis/connection.ts";
import { redisHearing } from "../../../../src/adapters/redis/control/hearing.ts";
import { DAY_MS, floorSecond, HOUR_MS, MINUTE_MS, type Instant } from "../../../../src/domain/time.ts";
import { UpstreamError } from "../../../../src/errors.ts";
import { HearingRounds, type Ears } from "../../../../src/hear/hearing-rounds.ts";
import { listenTo } from "../../../../src/hear/hearing.ts";
import type { Hearing, Log, ReadingName } from "../../../../src/ports/index.ts";
import { emptyArchive, type Asked } from "./hearing.ts";
import { silentLog } from "../../run/log.ts";
import { serverUrl } from "../../servers/redis/redis.ts";
import { openWorld, type World } from "../../world/world.ts";

/** The whole first window: seventeen days of facts, and then of uploads. */
export const SLICES = 34;

/** What a test decides of the archive and of Redis. */
interface Stage {
  answer: (asked: Asked) => Promise<void>;
  run: string;
}

/** A replica that hears: a Redis connection of its own, and what it has asked the archive for. */
export async function openReplica(t: Test, world: World, stage: Stage) {
  const { keys } = world.connection;
  const connection = await openRedis(serverUrl("TEST_REDIS_URL"), keys.format.replace(/:format$/, ""), silentLog);
  t.teardown(() => connection.close());
  const hearing = new Proxy<Hearing>(redisHearing(connection, silentLog), {
    get: (target, name) =>
      name === "runId" ? () => Promise.resolve(stage.run) : (Reflect.get(target, name) as unknown),
  });
  const { archive, asked } = emptyArchive((query) => stage.answer(query));
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (_, message) => void warnings.push(message) };
  const listener = { archive, ingester: world.ingester, hearing, log, firstBackfillMs: 17 * DAY_MS };
  const { schedule } = world.ticker;
  const listen = listenTo(hearing, null);
  const ears: Ears = { hearing, schedule, log, listen, listener, everyMs: 30 * MINUTE_MS, random: () => 0 };
  const rounds = new HearingRounds(ears);
  const restarted = (): HearingRounds => new HearingRounds(ears);
  return { hearing, listen, asked, warnings, rounds, restarted };
}

export const EAGER = (): Promise<void> => Promise.resolve();

export async function openStage(t: Test) {
  const world = await openWorld(t);
  const stage: Stage = { answer: EAGER, run: "first" };
  const replica = await openReplica(t, world, stage);
  const { redis, keys } = world.connection;
  const now = (): Instant => floorSecond(world.clock.now());
  /** An hour ago all was heard, and three days ago the whole first window. */
  const heard = { heardUntil: now() - HOUR_MS, runId: stage.run, wholeAt: now() - 3 * DAY_MS };
  const position = (name: ReadingName): Promise<Record<string, string>> => redis.hgetall(keys.control(`ears:${name}`));
  return { world, stage, replica, now, heard, position, redis, keys };
}

export const isOld =
  (now: Instant) =>
  ({ start }: Asked): boolean =>
    start < now - 4 * HOUR_MS;

export function failing(isBad: (asked: Asked) => boolean): Stage["answer"] {
  return (asked) =>
    isBad(asked) ? Promise.reject(new UpstreamError("datagrepper", "503", "datagrepper: down")) : Promise.resolve();
}

/** Keeps whoever asks the `nth` time waiting until it is let go. */
export function hanging(nth: number) {
  let count = 0;
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  let reached = (): void => undefined;
  const isHeld = new Promise<void>((resolve) => (reached = resolve));
  const answer = async (): Promise<void> => {
    count += 1;
    if (count !== nth) return;
    reached();
    await held;
  };
  const go = (): void => {
    letGo();
  };
  return { answer, isHeld, letGo: go };
}

export function failOnce(nth: number): Stage["answer"] {
  let count = 0;
  return failing(() => (count += 1) === nth);
}
