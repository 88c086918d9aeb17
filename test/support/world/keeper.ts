import { PlaceKeeper } from "../../../src/act/places.ts";
import type { RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { redisCounts } from "../../../src/adapters/redis/images/counts.ts";
import { redisNames } from "../../../src/adapters/redis/images/names.ts";
import { redisPlaces } from "../../../src/adapters/redis/images/places.ts";
import { redisSchedule } from "../../../src/adapters/redis/images/schedule.ts";
import type { Clock } from "../../../src/ports/index.ts";
import { silentLog } from "../run/log.ts";
import { PERIODS } from "./image.ts";

/** Who walks over all keys of a Redis, as the service does. */
export function keeperOver(connection: RedisConnection, clock: Clock): PlaceKeeper {
  return new PlaceKeeper({
    places: redisPlaces(connection, clock, PERIODS),
    counts: redisCounts(connection),
    names: redisNames(connection),
    schedule: redisSchedule(connection, clock, PERIODS),
    log: silentLog,
  });
}
