import type { Image, Stage } from "../../../src/domain/image/image.ts";
import type { Periods } from "../../../src/domain/image/lifecycle.ts";
import type { Seen, Look } from "../../../src/domain/plan/look.ts";
import type { Guards } from "../../../src/domain/plan/plan.ts";
import { INTENT_TAG, PRIVATE_AT_TAG } from "../../../src/domain/plan/tags.ts";
import { DAY_MS, formatInstant, MINUTE_MS, type Instant } from "../../../src/domain/time.ts";

export const PERIODS: Periods = {
  privateAfterMs: 5 * DAY_MS,
  deleteAfterMs: 10 * DAY_MS,
  afterHoldMs: 3 * DAY_MS,
  unresolvedForMs: 14 * DAY_MS,
  leaseMs: 5 * MINUTE_MS,
};

export const ACCOUNT = "125523088429";
export const GUARDS: Guards = {
  account: ACCOUNT,
  protectingTags: [
    { key: "clean-amis:hold", values: "any", value: "" },
    { key: "do-not-delete", values: "any", value: "" },
    { key: "FedoraGroup", values: "others", value: "cloud" },
  ],
  inUse: true,
  recentlyLaunchedMs: 0,
  unusable: "refuse",
};

/**
 * The nightly of every domain test: uploaded 20 days ago, made private 12 and noticed 11 days ago, so deletable since
 * yesterday.
 */
export const NOW: Instant = Date.UTC(2026, 1, 11, 9);
export const UPLOADED_AT = NOW - 20 * DAY_MS;
export const MADE_PRIVATE_AT = NOW - 12 * DAY_MS;
const NOTICED_AT = NOW - 11 * DAY_MS;
export const DELETE_AT = NOTICED_AT + PERIODS.deleteAfterMs;
export const COMPOSE = "Fedora-Rawhide-20260122.n.0";
export const AMI = "ami-0aaaaaaaaaaaaaaa1";
export const NAME = "Fedora-Cloud-Base-AmazonEC2.aarch64-Rawhide-20260122.0";
export const SNAPSHOTS = ["snap-0aaaaaaaaaaaaaaa1", "snap-0aaaaaaaaaaaaaaa2"] as const;

const PUBLIC: Image = {
  region: "us-east-1",
  amiId: AMI,
  composeId: COMPOSE,
  imageName: NAME,
  arch: "aarch64",
  stage: "public",
  rule: "nightly",
  reason: "a nightly compose",
  uploadedAt: UPLOADED_AT,
  privateAt: UPLOADED_AT + PERIODS.privateAfterMs,
  takenAway: null,
  madePrivateAt: null,
  noticedAt: null,
  deleteAt: null,
  snapshotIds: [],
  snapshotResults: {},
  becomes: null,
  earliestDeleteAt: null,
  promisedAt: null,
  releasedAt: null,
  hold: null,
  heldFrom: null,
  wish: null,
  attempts: 0,
  lastError: "",
  missedLooks: 0,
  missedSince: null,
  missedAt: null,
  token: "",
  revision: 7,
};

/** What was taken from the image when it was made private. */
export const TAKEN = { image: true, snapshots: SNAPSHOTS } as const;
const MADE_PRIVATE = { takenAway: TAKEN, madePrivateAt: MADE_PRIVATE_AT, noticedAt: NOTICED_AT, deleteAt: DELETE_AT };

const STANDING: Readonly<Record<Stage, Partial<Image>>> = {
  unresolved: { rule: null, reason: "the compose's label is not known yet" },
  public: {},
  private: MADE_PRIVATE,
  deleting: { ...MADE_PRIVATE, snapshotIds: SNAPSHOTS },
  restoring: { ...MADE_PRIVATE, becomes: "held" },
  held: {},
  kept: { rule: "unresolved", reason: "nothing more was learnt in time" },
  deleted: { ...MADE_PRIVATE, snapshotIds: SNAPSHOTS },
  gone: {},
};

/** An image as it stands in a stage. */
export function imageIn(stage: Stage, changes: Partial<Image> = {}): Image {
  return { ...PUBLIC, ...STANDING[stage], stage, ...changes };
}

/** What EC2 shows of the image while it is public. */
export function seen(changes: Partial<Seen> = {}): Seen {
  return {
    amiId: AMI,
    name: NAME,
    ownerId: ACCOUNT,
    state: "available",
    isPublic: true,
    createdAt: UPLOADED_AT,
    lastLaunchedAt: null,
    deprecatedAt: null,
    snapshotIds: SNAPSHOTS,
    sizeGiB: 5,
    tags: {},
    deregistrationProtection: "disabled",
    ...changes,
  };
}

/** What EC2 shows of the image after we made it private. */
export function seenPrivate(changes: Partial<Seen> = {}): Seen {
  const at = formatInstant(MADE_PRIVATE_AT);
  return seen({ isPublic: false, tags: { [INTENT_TAG]: `${at} all`, [PRIVATE_AT_TAG]: at }, ...changes });
}

/** A look that finds nothing against acting. */
export const FREE: Look = {
  seen: null,
  publicSnapshotIds: SNAPSHOTS,
  isWayBackOpen: true,
  unanswered: [],
  isNewest: false,
  snapshotTags: {},
  composeHold: null,
  users: [],
  elsewhere: null,
  unusableGuard: null,
};
