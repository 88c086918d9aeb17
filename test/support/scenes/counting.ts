import type { RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { redisCounts } from "../../../src/adapters/redis/images/counts.ts";
import { redisNames } from "../../../src/adapters/redis/images/names.ts";
import { redisSchedule } from "../../../src/adapters/redis/images/schedule.ts";
import type { Stage } from "../../../src/domain/image/image.ts";
import { draft } from "../../../src/domain/image/lifecycle.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import type { Counted } from "../../../src/ports/index.ts";
import { SettableClock } from "../world/clock.ts";
import { keeperOver } from "../world/keeper.ts";
import { PERIODS, REGION, START } from "../world/world.ts";

export const AMIS = [
  "ami-00000000000000001",
  "ami-00000000000000002",
  "ami-00000000000000003",
  "ami-00000000000000004",
];

/** A region of a few images, what writes them, and a walk over all keys. */
export function openCounting(connection: RedisConnection) {
  const clock = new SettableClock(START);
  const schedule = redisSchedule(connection, clock, PERIODS);
  const counts = redisCounts(connection);
  const names = redisNames(connection);
  const walk = () => keeperOver(connection, clock).finish();
  const add = (amiId: string) =>
    schedule.add(
      {
        region: REGION,
        amiId,
        composeId: "Fedora-Rawhide-20261124.n.0",
        imageName: "x",
        arch: null,
        uploadedAt: START,
      },
      { kind: "delete", rule: "nightly", reason: "a nightly" },
      "test",
    );
  const change = async (amiId: string, stage: Stage, lastError = "", deleteAt: number | null = null) => {
    const image = await schedule.get(REGION, amiId);
    if (image === null) return;
    await schedule.change(image, { stage, wait: null, fields: { lastError, deleteAt }, event: null });
  };
  const notice = async (amiId: string) => {
    const image = await schedule.get(REGION, amiId);
    if (image !== null) await schedule.notice(image, START, START + DAY_MS, draft("noticed", START, "test", "told"));
  };
  return { ...connection, schedule, counts, names, walk, add, change, notice };
}

/** What a full count of the records gives. */
export async function fullCount({ redis, keys }: RedisConnection): Promise<Omit<Counted, "images">> {
  const stages: Record<string, number> = {};
  const errors: Record<string, number> = {};
  let untold = 0;
  for (const amiId of AMIS) {
    const image = await redis.hgetall(keys.image(REGION, amiId));
    if (Object.keys(image).length === 0 || image["stage"] === "deleted" || image["stage"] === "gone") continue;
    const stage = image["stage"] ?? "?";
    stages[stage] = (stages[stage] ?? 0) + 1;
    const [code = ""] = (image["last_error"] ?? "").split(": ");
    if (/^[a-z-]+$/.test(code)) errors[code] = (errors[code] ?? 0) + 1;
    if (stage === "private" && !image["delete_at"]) untold += 1;
  }
  return { stages, errors, untold };
}
