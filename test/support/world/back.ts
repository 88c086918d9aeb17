import { redisHearing } from "../../../src/adapters/redis/control/hearing.ts";
import { redisSchedule } from "../../../src/adapters/redis/images/schedule.ts";
import { silentLog } from "../run/log.ts";
import { until } from "../servers/broker/bus.ts";
import { addNightly, PERIODS, UPLOADER, type World } from "./world.ts";

/** Resolves when what is asked and written is answered again. */
export async function isBack(world: World): Promise<void> {
  const schedule = redisSchedule(world.connection, world.clock, PERIODS);
  const hearing = redisHearing(world.connection, silentLog);
  const another = addNightly(world, 2);
  await until("Redis answers, and takes writes", async () => {
    const tries = await Promise.allSettled([schedule.now(), hearing.runId(), world.hear(UPLOADER, another.message)]);
    return tries.every(({ status }) => status === "fulfilled");
  });
}
