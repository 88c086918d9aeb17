import { snapshotIdsOf, type ImageRecord, type SnapshotRecord } from "../../../src/demo/outside/ec2/state/records.ts";
import type { Instant } from "../../../src/domain/time.ts";
import type { Compose } from "./words.ts";
import type { World } from "../world/world.ts";

/** Which queue the design's section 3 lets an image of a stage wait in. */
export const QUEUES_OF: Readonly<Record<string, readonly string[]>> = {
  unresolved: ["unresolved"],
  public: ["private"],
  private: ["delete", ""],
  deleting: ["delete"],
  restoring: ["restore"],
  held: ["held"],
  kept: [""],
  deleted: [""],
  gone: [""],
};

/** An image as it was uploaded, and what people and messages said of it since. */
export interface Subject {
  readonly region: string;
  readonly amiId: string;
  readonly compose: Compose;
  readonly uploadedAt: Instant;
  readonly before: ImageRecord;
  readonly snapshots: readonly SnapshotRecord[];
  /** Named again as another compose's. */
  isContradicted: boolean;
  /** It was deregistered when that was right: what is said afterwards comes too late. */
  isOver: boolean;
  /** When "make private" took something for the first time since all was public; null: all is public, as far as we saw. */
  closedAt: Instant | null;
  /** EC2 shows it to nobody, while it shows others. */
  isUnseen: boolean;
  /** Looks that may have missed it, a day apart, and when the last one was. */
  misses: number;
  missedAt: Instant;
  /** Somebody else deregistered it, before we had begun to. */
  isTaken: boolean;
  /** By its record, when it was last looked at. */
  stage: string;
}

/** An image that was just put into EC2, to be watched from now on. */
export function subjectOf(world: World, region: string, amiId: string, compose: Compose): Subject {
  const before = world.simulator.image(region, amiId);
  if (before === null) throw new Error(`${amiId} is not in EC2`);
  const snapshots = snapshotIdsOf(before).map((id) => world.simulator.snapshot(region, id));
  return {
    region,
    amiId,
    compose,
    before,
    uploadedAt: world.clock.now(),
    isContradicted: false,
    isOver: false,
    closedAt: null,
    isUnseen: false,
    misses: 0,
    missedAt: -Infinity,
    isTaken: false,
    stage: "",
    snapshots: snapshots.filter((snapshot) => snapshot !== null),
  };
}

/** How a thing stands in EC2, to be compared. */
export function looks(thing: ImageRecord | SnapshotRecord | null): string {
  return thing === null ? "" : JSON.stringify([thing.state, thing.permission, thing.tags]);
}
