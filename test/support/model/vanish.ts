import { DAY_MS, HOUR_MS, SECOND_MS, type Instant } from "../../../src/domain/time.ts";
import { postsOn } from "./posts.ts";
import type { Subject } from "./subject.ts";
import type { Lived } from "./survive.ts";
import { REGIONS, type Command } from "./words.ts";
import type { World } from "../world/world.ts";

/** The design's section 3: so many looks in a row, a day apart; a pass takes its time. */
const GONE_AFTER = 3;
const APART_MS = DAY_MS - HOUR_MS;

/** What EC2 does not show, and for how many passes more. */
export class Vanished {
  readonly #world: World;
  readonly #images = new Map<Subject, number>();
  readonly #regions = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** An image vanishes, or all of its region; what we had begun to delete was ours to end, whoever deregisters it. */
  add(subject: Subject | null, { how, passes }: Command & { do: "vanish" }, lived: Lived): void {
    if (subject === null || this.#world.simulator.image(subject.region, subject.amiId)?.state !== "available") return;
    lived.vanished += 1;
    if (how === "all unseen") this.#regions.set(subject.region, passes);
    else if (how === "unseen") this.#images.set(subject, passes);
    else this.#deregister(subject);
    if (how !== "all unseen") subject.isUnseen = true;
    this.#show();
  }

  /** A region is passed over: what is due, and is not shown while others are, may be missed. */
  async passOver(region: string, subjects: readonly Subject[]): Promise<void> {
    if (this.#regions.has(region)) return;
    const now = this.#world.clock.now();
    for (const subject of subjects) {
      const isLooked = subject.region === region && subject.isUnseen && now >= subject.missedAt + APART_MS;
      if (!isLooked || !(await this.#isDue(subject, now))) continue;
      subject.misses += 1;
      subject.missedAt = now;
    }
  }

  async #isDue({ region, amiId }: Subject, now: Instant): Promise<boolean> {
    const { redis, keys } = this.#world.connection;
    const queues = ["private", "delete", "restore", "held"] as const;
    const scores = await Promise.all(queues.map((queue) => redis.zscore(keys.queue(region, queue), amiId)));
    return scores.some((score) => score !== null && Number(score) * SECOND_MS <= now);
  }

  /** Some are back. */
  endPass(): void {
    for (const [region, passes] of this.#regions) countDown(this.#regions, region, passes);
    for (const [subject, passes] of this.#images)
      if (countDown(this.#images, subject, passes) && !subject.isTaken) subject.isUnseen = false;
    this.#show();
  }

  /** All are back that nobody deregistered. */
  end(): void {
    while (this.#regions.size + this.#images.size > 0) this.endPass();
  }

  #deregister(subject: Subject): void {
    const { simulator, clock } = this.#world;
    simulator.changeImage(subject.region, subject.amiId, { state: "deregistered", deregisteredAt: clock.now() });
    if (subject.stage === "deleting") subject.isOver = true;
    else subject.isTaken = true;
  }

  #show(): void {
    for (const region of REGIONS) {
      const ofRegion = [...this.#images.keys()].filter((subject) => subject.region === region);
      const unseen = this.#regions.has(region) ? "all" : ofRegion.map(({ amiId }) => amiId);
      this.#world.simulator.configure(region, { unseen });
    }
  }
}

/** Whether it is the last of them. */
function countDown<T>(left: Map<T, number>, what: T, passes: number): boolean {
  if (passes > 1) left.set(what, passes - 1);
  else left.delete(what);
  return passes <= 1;
}

/** Whether an image may be called gone, as its record says or not: it was missed often enough. */
export function mayBeGone({ misses }: Subject, stage: string): boolean {
  return stage !== "gone" || misses >= GONE_AFTER;
}

/** Whether an image that somebody else took away, or that was called gone, has come to its end: nothing is done with it. */
export function isEndedByOthers({ isTaken, isOver, stage }: Subject): boolean {
  return !isOver && (stage === "gone" || (isTaken && (stage === "kept" || stage === "deleted")));
}

/** What has not come true of such an image: its snapshots are left alone, and the public was told. */
export function wrongOfVanished({ region, amiId, snapshots, stage }: Subject, world: World): string | null {
  if (snapshots.some(({ id }) => world.simulator.snapshot(region, id) === null))
    return "vanished, and we took a snapshot";
  const headings = ["Gone by another hand", "Gone, and nobody knows by whom"];
  const told = headings.reduce((count, heading) => count + postsOn(world, heading, amiId).length, 0);
  return stage === "gone" && told !== 1 ? `was told ${told} times to be gone` : null;
}
