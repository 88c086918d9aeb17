import type { RedisConnection } from "../connection.ts";
import { asUpstream, UnreadableRecord } from "../strange.ts";
import { floorScore, readTakenAway, scoreOf, writeEvent, writeFields } from "./record.ts";
import { redisCounts } from "./counts.ts";
import { callsOf, commonOf, isOfOneKind, type Common, type Entering, type EnteringCall } from "./entering.ts";
import { misplacedAmong, putRight } from "./places.ts";
import { findReplacements } from "./replacements.ts";
import { ScheduleReader } from "./reader.ts";
import { loadScript } from "../script.ts";
import { translateErrors } from "../../translate.ts";
import type { Decision } from "../../../domain/compose/classify.ts";
import type { EventDraft } from "../../../domain/image/event.ts";
import { STAGES, type Image, type TakenAway } from "../../../domain/image/image.ts";
import { entryOf, QUEUES, type Change, type Entry, type Periods, type Queue } from "../../../domain/image/lifecycle.ts";
import { soonFor, type Replaceable, type Replacement } from "../../../domain/image/replacement.ts";
import type { Upload } from "../../../domain/image/upload.ts";
import { ceilSecond, DAY_MS, formatInstant, SECOND_MS, toScore, type Instant } from "../../../domain/time.ts";
import { isForeign } from "../../../errors.ts";
import type { Announced, Clock, Counts, Lease, Schedule } from "../../../ports/index.ts";

const add = loadScript("add", "recount", "enroll", "gather");
const claim = loadScript("claim");
const settle = loadScript("settle", "recount");
const take = loadScript("take");
const notice = loadScript("notice", "recount");
const promise = loadScript("promise");

/** How long a deleted or gone image can still be explained. Kept ones never expire. */
const TOMBSTONE_S = (400 * DAY_MS) / SECOND_MS;

/** The schedule in Redis sorted sets, one set of keys a region. */
export function redisSchedule(connection: RedisConnection, clock: Clock, periods: Periods): Schedule {
  return translateErrors<Schedule>(new RedisSchedule(connection, clock, periods), asUpstream);
}

/** Where settle.lua has the first of the queues among its KEYS. */
const FIRST_QUEUE = 5;

/** What must be true of a record for a change to be written; see settle.lua. */
interface Guard {
  readonly field: "token" | "revision";
  readonly value: string;
  /** Write whatever the record says. */
  readonly isOpen: boolean;
}

class RedisSchedule extends ScheduleReader implements Schedule {
  readonly #periods: Periods;
  readonly #counts: Pick<Counts, "count">;

  constructor(connection: RedisConnection, clock: Clock, periods: Periods) {
    super(connection, clock);
    this.#periods = periods;
    this.#counts = redisCounts(connection);
  }

  async add(upload: Upload, decision: Decision, who: string): Promise<"new" | Image> {
    const [result = "new"] = await this.addAll([{ upload, decision }], who);
    if (result instanceof Error) throw result;
    return result;
  }

  async addAll(announced: readonly Announced[], who: string): Promise<readonly ("new" | Image | Error)[]> {
    const now = this.clock.now();
    const results = new Array<"new" | Image | Error>(announced.length);
    const ofRegions = new Map<string, (Entering & { readonly place: number })[]>();
    let [before, common]: [Announced | undefined, Common | undefined] = [undefined, undefined];
    for (const [place, one] of announced.entries()) {
      const { upload, decision } = one;
      const isOne = before?.decision === decision && isOfOneKind(before.upload, upload);
      if (!isOne || common === undefined) common = commonOf(upload, entryOf(upload, decision, this.#periods, now, who));
      before = one;
      const others = ofRegions.get(upload.region);
      if (others === undefined) ofRegions.set(upload.region, [{ place, upload, common }]);
      else others.push({ place, upload, common });
    }
    await Promise.all(
      [...ofRegions].map(async ([region, enterings]) => {
        const entered = await this.#enterAll(region, enterings);
        for (const [index, { place }] of enterings.entries()) results[place] = entered[index] ?? "new";
      }),
    );
    return results;
  }

  async adopt(upload: Upload, entry: Entry): Promise<boolean> {
    const [result] = await this.#enterAll(upload.region, [{ upload, common: commonOf(upload, entry) }]);
    if (result instanceof Error) throw result;
    return result === "new";
  }

  /** Images of one region, as they stand now; an error for one whose record is not ours to read. */
  async #enterAll(region: string, enterings: readonly Entering[]): Promise<readonly ("new" | Image | Error)[]> {
    const { regions } = this.keys;
    // Whoever dies in between hears the message again, and then the region is listed.
    const [results] = await Promise.all([
      Promise.all(callsOf(this.keys, region, enterings).map((call) => this.#enter(region, call))),
      this.connection.strangers.orTell(regions, this.redis.sadd(regions, region), 0),
    ]);
    const known = results.flat().filter((result): result is Image => result !== "new" && !(result instanceof Error));
    // A repeated message is an occasion to find a place that was lost.
    for (const misplaced of await misplacedAmong(this.connection, region, known))
      await putRight(this.connection, misplaced, this.clock, this.#periods);
    return results.flat();
  }

  async #enter(region: string, { amiIds, words }: EnteringCall): Promise<readonly ("new" | Image | Error)[]> {
    const { keys } = this;
    const shared = [keys.events(region), keys.images(region), keys.counts(region), keys.composes(region)];
    try {
      const answers = (await add(this.redis, shared, [words])) as readonly (readonly string[])[];
      return amiIds.map((amiId, index) => this.#entered(region, amiId, answers[index] ?? []));
    } catch (error) {
      const told = asUpstream(error);
      // The region's events are somebody else's: that is no reason to lose the images of other regions.
      if (isForeign(told)) return amiIds.map(() => told);
      throw error;
    }
  }

  /** `flat`: what add.lua answers on an image. */
  #entered(region: string, amiId: string, flat: readonly string[]): "new" | Image | Error {
    if (flat.length === 0) return "new";
    try {
      if (flat.length === 1) throw this.tellUnreadable(region, amiId, null);
      // What was there is there.
      return this.readOrThrow(region, amiId, flat) ?? "new";
    } catch (error) {
      if (error instanceof UnreadableRecord) return asUpstream(error) as Error;
      throw error;
    }
  }

  change(image: Image, change: Change): Promise<boolean> {
    return this.#write(image, change, { field: "revision", value: String(image.revision), isOpen: false }, "");
  }

  async identify(image: Image, upload: Upload, change: Change): Promise<boolean> {
    const { region, amiId } = image;
    const { composeId, imageName, arch } = { ...upload, imageName: upload.imageName ?? image.imageName };
    // First: whoever dies in between hears the message again, and a fact of the compose must not miss the image.
    const lead = this.keys.composeImages(region, composeId);
    await this.connection.strangers.orTell(lead, this.redis.sadd(lead, amiId), 0);
    const guard: Guard = { field: "revision", value: String(image.revision), isOpen: false };
    const names = ["compose_id", composeId, "image_name", imageName ?? "", "arch", arch ?? image.arch ?? ""];
    const isWritten = await this.#write({ ...image, composeId, imageName }, change, guard, "", names);
    const old = this.keys.composeImages(region, image.composeId);
    if (isWritten) {
      await this.#counts.count(region, [amiId]);
      await this.connection.strangers.orTell(old, this.redis.srem(old, amiId), 0);
    }
    return isWritten;
  }

  async claim(region: string, queue: Queue, lease: Lease, limit: number): Promise<readonly Image[]> {
    const taken = (await claim(
      this.redis,
      [this.keys.queue(region, queue), this.keys.events(region)],
      [floorScore(lease.now), toScore(lease.until), lease.token, limit, this.keys.image(region, ""), ...STAGES],
    )) as [amiId: string, flat: string[], type?: string][];
    return taken.flatMap(([amiId, flat, type]) => {
      if (type === undefined) return this.readOrTell(region, amiId, flat);
      if (type === "none") this.tellMissing(region, amiId, queue);
      else this.tellUnreadable(region, amiId, null);
      return [];
    });
  }

  async recordTakenAway({ region, amiId, token }: Image, takenAway: TakenAway): Promise<TakenAway | null> {
    const stands = await take(this.redis, [this.keys.image(region, amiId)], [token, JSON.stringify(takenAway)]);
    const taken = readTakenAway(stands as string);
    if (taken === "unreadable")
      throw this.tellUnreadable(region, amiId, `${region} ${amiId}: its taken_away cannot be read`);
    return taken;
  }

  settle(
    image: Image,
    change: Change,
    options: { readonly irreversible?: boolean; readonly keepClaim?: boolean } = {},
  ): Promise<boolean> {
    const guard: Guard = { field: "token", value: image.token, isOpen: options.irreversible === true };
    return this.#write(image, change, guard, options.keepClaim === true ? image.token : "");
  }

  async replacements(
    images: readonly Replaceable[],
    { now, keepNewest }: { readonly now: Instant; readonly keepNewest: number },
  ): Promise<readonly (Replacement | null)[]> {
    const soonMs = soonFor(this.#periods);
    const newest: Schedule["newest"] = (region, stream, count) =>
      this.connection.strangers.orTell(this.keys.stream(region, stream), this.newest(region, stream, count), []);
    return findReplacements(images, { now, keepNewest, soonMs }, { newest, ofCompose: this.ofCompose.bind(this) });
  }

  async promise({ region, amiId }: Pick<Image, "region" | "amiId">, notBefore: Instant): Promise<void> {
    await promise(this.redis, [this.keys.image(region, amiId)], [formatInstant(ceilSecond(notBefore))]);
  }

  async notice(image: Image, noticedAt: Instant, deleteAt: Instant, event: EventDraft): Promise<boolean> {
    const { region, amiId } = image;
    const answer = await notice(
      this.redis,
      [
        this.keys.image(region, amiId),
        this.keys.queue(region, "delete"),
        this.keys.events(region),
        this.keys.counts(region),
      ],
      [
        ...[amiId, formatInstant(noticedAt), formatInstant(deleteAt), toScore(deleteAt), image.revision],
        ...writeEvent(image, event),
      ],
    );
    return answer === 1;
  }

  /** `names`: further fields, `field, value, …`. */
  async #write(
    image: Image,
    change: Change,
    guard: Guard,
    nextToken: string,
    names: readonly string[] = [],
  ): Promise<boolean> {
    const { region, amiId } = image;
    const fields = [...writeFields(change), ...names];
    const isOver = change.stage === "deleted" || change.stage === "gone";
    const answer = await settle(
      this.redis,
      [
        this.keys.image(region, amiId),
        this.keys.events(region),
        this.keys.images(region),
        this.keys.counts(region),
        ...QUEUES.map((queue) => this.keys.queue(region, queue)),
      ],
      [
        ...[amiId, guard.field, guard.value, guard.isOpen ? 1 : 0],
        change.wait === null ? 0 : FIRST_QUEUE + QUEUES.indexOf(change.wait.queue),
        change.wait === null ? "" : scoreOf(change.wait.wakeAt),
        ...[nextToken, isOver ? TOMBSTONE_S : 0, fields.length],
        ...fields,
        ...(change.event === null ? [] : writeEvent(image, change.event)),
      ],
    );
    return answer === 1;
  }
}
