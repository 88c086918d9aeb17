import { DAY_MS } from "../../../src/domain/time.ts";
import type { Clock } from "../../../src/ports/index.ts";
import { postsOn } from "./posts.ts";
import type { Subject } from "./subject.ts";
import type { Lived } from "./survive.ts";
import { REGIONS, type Command } from "./words.ts";
import type { World } from "../world/world.ts";

/** The design's section 3: three looks in a row, and a day between each and the next. */
const GONE_AFTER_MS = 2 * DAY_MS;

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
    if (how !== "all unseen") subject.unseenSince ??= this.#world.clock.now();
    this.#show();
  }

  /** Some are back. */
  endPass(): void {
    for (const [region, passes] of this.#regions) countDown(this.#regions, region, passes);
    for (const [subject, passes] of this.#images)
      if (countDown(this.#images, subject, passes) && !subject.isTaken) subject.unseenSince = null;
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

/** Whether an image may be called gone now: it is, for long enough. `stage`: by its record. */
export function mayBeGone(subject: Subject, stage: string, clock: Pick<Clock, "now">): boolean {
  if (stage !== "gone" || subject.stage === "gone") return true;
  return subject.unseenSince !== null && clock.now() >= subject.unseenSince + GONE_AFTER_MS;
}

/** Whether an image that somebody else took away, or that was called gone, has come to its end: nothing is done with it. */
export function isEndedByOthers({ isTaken, isOver, stage }: Subject): boolean {
  return !isOver && (stage === "gone" || (isTaken && (stage === "kept" || stage === "deleted")));
}

/** What has not come true of such an image: its snapshots are left alone, and the public was told. */
export function wrongOfVanished({ region, amiId, snapshots, stage }: Subject, world: World): string | null {
  if (snapshots.some(({ id }) => world.simulator.snapshot(region, id) === null))
    return "vanished, and we took a snapshot";
  const told = postsOn(world, "Gone by another hand", amiId).length;
  return stage === "gone" && told !== 1 ? `was told ${told} times to be gone` : null;
}
