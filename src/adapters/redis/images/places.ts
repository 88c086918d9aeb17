import { isAmiId, isRegion, type Image } from "../../../domain/image/image.ts";
import { QUEUES, type Periods } from "../../../domain/image/lifecycle.ts";
import { isInPlace, placeOf } from "../../../domain/image/place.ts";
import type { Clock, LostImage, Misplaced, Places } from "../../../ports/index.ts";
import { translateErrors } from "../../translate.ts";
import { walkKeys } from "../client/cluster.ts";
import type { RedisConnection } from "../connection.ts";
import type { KeyName } from "../keys.ts";
import { isLongPast } from "./past.ts";
import { ScheduleReader } from "./reader.ts";
import { scoreOf } from "./record.ts";
import { loadScript } from "../script.ts";
import { asUpstream, ofOtherType, quoteKey } from "../strange.ts";

const place = loadScript("place");

const SCAN_COUNT = 1000;
/** Where place.lua has the first of the queues among its KEYS. */
const FIRST_QUEUE = 3;

type Ready = Pick<Periods, "leaseMs">;

/** Records against queues, by a walk over all keys: whatever is lost, what is left of it is met. */
export function redisPlaces(connection: RedisConnection, clock: Clock, periods: Ready): Places {
  return translateErrors<Places>(new RedisPlaces(connection, clock, periods), asUpstream);
}

/** Of these images of one region those whose queues do not agree with their records. Throws what Redis throws. */
export async function misplacedAmong(
  { redis, keys, strangers }: RedisConnection,
  region: string,
  images: readonly Image[],
): Promise<readonly Misplaced[]> {
  if (images.length === 0) return [];
  const amiIds = images.map(({ amiId }) => amiId);
  const [scores, listed, regionListed] = await Promise.all([
    Promise.all(
      QUEUES.map((queue) => {
        const key = keys.queue(region, queue);
        return strangers.orTell(key, redis.zmscore(key, ...amiIds), null);
      }),
    ),
    strangers.orTell(keys.images(region), redis.smismember(keys.images(region), ...amiIds), null),
    strangers.orTell(keys.regions, redis.smismember(keys.regions, region), null),
  ]);
  // Of a queue that is not ours to read nobody knows who stands in it.
  if (scores.includes(null)) return [];
  return images.flatMap((image, index): Misplaced[] => {
    const stands = QUEUES.filter((_, queue) => scores[queue]?.[index] != null);
    const isOver = image.stage === "deleted" || image.stage === "gone";
    const isListed = regionListed?.[0] !== 0 && (listed === null || isOver || listed[index] === 1);
    return isListed && isInPlace(image, stands) ? [] : [{ image, stands, isListed }];
  });
}

/**
 * Puts an image where its record has it, and its region among the others; false when the record was written since. Throws
 * what Redis throws.
 */
export async function putRight(
  { redis, keys, strangers }: RedisConnection,
  { image }: Pick<Misplaced, "image">,
  clock: Pick<Clock, "now">,
  periods: Ready,
): Promise<boolean> {
  const { region, amiId, stage, revision } = image;
  const wait = placeOf(image, periods, clock.now());
  const isOver = stage === "deleted" || stage === "gone";
  const queueKeys = QUEUES.map((queue) => keys.queue(region, queue));
  const index = wait === null ? 0 : FIRST_QUEUE + QUEUES.indexOf(wait.queue);
  const listed = await strangers.orTell(keys.regions, redis.sadd(keys.regions, region), 0);
  const answer = await place(
    redis,
    [keys.image(region, amiId), keys.images(region), ...queueKeys],
    [amiId, revision, index, wait === null ? "" : scoreOf(wait.wakeAt), isOver ? 0 : 1],
  );
  return answer === 1 || listed === 1;
}

class RedisPlaces extends ScheduleReader implements Places {
  readonly #periods: Ready;

  constructor(connection: RedisConnection, clock: Clock, periods: Ready) {
    super(connection, clock);
    this.#periods = periods;
  }

  async walk(from: string | null): ReturnType<Places["walk"]> {
    const page = await walkKeys(this.redis, from, this.keys.all, SCAN_COUNT);
    const found = await this.#ofOurType(page.found);
    const regions = [...new Set(found.flatMap(({ region }) => (region !== null && isRegion(region) ? [region] : [])))];
    const ofRegions = await Promise.all(
      regions.map((region) =>
        this.#walkRegion(
          region,
          found.filter((key) => key.region === region),
        ),
      ),
    );
    return {
      next: page.next,
      records: new Map(regions.map((region, index) => [region, ofRegions[index]?.amiIds ?? []])),
      misplaced: ofRegions.flatMap(({ misplaced }) => misplaced),
      lost: ofRegions.flatMap(({ lost }) => lost),
    };
  }

  putRight(misplaced: Misplaced): Promise<boolean> {
    return putRight(this.connection, misplaced, this.clock, this.#periods);
  }

  tellLost({ region, amiId, composeId }: LostImage): void {
    const key = this.keys.composeImages(region, composeId);
    const set = quoteKey(key);
    const problem =
      `redis: ${region} ${amiId} of ${composeId} has no record any more: clean-amis reconcile --apply enters it again; or, ` +
      `if EC2 has no such image: redis-cli SREM ${set} ${amiId}`;
    this.connection.strangers.tell(`${key} ${amiId}`, problem, region);
  }

  /** Tells keys that are of another type than ours. */
  async #ofOurType(page: readonly string[]): Promise<readonly KeyName[]> {
    const names = page.flatMap((key) => {
      const name = this.keys.read(key);
      return name === null ? [] : [{ key, name }];
    });
    const types = await Promise.all(names.map(({ key }) => this.redis.type(key)));
    return names.flatMap(({ key, name }, index): KeyName[] => {
      const type = types[index] ?? "none";
      // A record of the right type may be unreadable all the same: whoever reads it forgets it.
      const isRecord = name.name.startsWith("image:") && type !== "none";
      if (!isRecord && (type === name.type || type === "none")) this.connection.strangers.forget(key);
      if (type === name.type) return [name];
      if (type !== "none") this.connection.strangers.tell(key, `redis: ${ofOtherType(key)}`, name.region);
      return [];
    });
  }

  async #walkRegion(
    region: string,
    found: readonly KeyName[],
  ): Promise<{ amiIds: readonly string[]; misplaced: readonly Misplaced[]; lost: readonly LostImage[] }> {
    const after = (head: string): string[] =>
      found.flatMap(({ name }) => (name.startsWith(head) ? [name.slice(head.length)] : []));
    const amiIds = after("image:");
    const images = await this.readAll(region, amiIds);
    const composes = after("compose:").filter((composeId) => !isLongPast(composeId, this.clock.now()));
    const lost = await Promise.all(composes.map((composeId) => this.#lostOf(region, composeId)));
    return { amiIds, misplaced: await misplacedAmong(this.connection, region, images), lost: lost.flat() };
  }

  async #lostOf(region: string, composeId: string): Promise<readonly LostImage[]> {
    const amiIds = (await this.amiIdsOf(region, composeId)).filter(isAmiId);
    const there = await Promise.all(amiIds.map((amiId) => this.redis.exists(this.keys.image(region, amiId))));
    const key = this.keys.composeImages(region, composeId);
    for (const [index, amiId] of amiIds.entries())
      if (there[index] === 1) this.connection.strangers.forget(`${key} ${amiId}`);
    return amiIds.filter((_, index) => there[index] === 0).map((amiId) => ({ region, amiId, composeId }));
  }
}
