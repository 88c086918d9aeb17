import { SECOND_MS, type Instant } from "../time.ts";

/** A token bucket of EC2's: a call takes a token, and one that finds none is refused. */
export interface Limit {
  /** How many tokens a full bucket holds. */
  readonly capacity: number;
  /** How many flow back in a second. */
  readonly perSecond: number;
}

/**
 * The tables of "Request throttling for the Amazon EC2 API": buckets per account, region and action; here what is named
 * there.
 */
const LIMITS: Readonly<Record<string, Limit>> = {
  CreateTags: { capacity: 100, perSecond: 10 },
  DeleteSnapshot: { capacity: 100, perSecond: 5 },
  DeleteTags: { capacity: 100, perSecond: 10 },
  DeregisterImage: { capacity: 100, perSecond: 5 },
  DisableImageBlockPublicAccess: { capacity: 1, perSecond: 0.1 },
  EnableImageBlockPublicAccess: { capacity: 1, perSecond: 0.1 },
  ModifyImageAttribute: { capacity: 100, perSecond: 5 },
  ModifySnapshotAttribute: { capacity: 100, perSecond: 5 },
};
/** The same page, by category. */
const MUTATING: Limit = { capacity: 50, perSecond: 5 };
const READING: Limit = { capacity: 100, perSecond: 20 };
const READING_ALL: Limit = { capacity: 50, perSecond: 10 };
/** Actions of ours whose category depends on whether they ask for a part. */
const COSTLY_WHEN_WHOLE = ["DescribeInstances", "DescribeSnapshots"];

/** EC2's bucket for an action such as `CreateTags`; `isWhole`: neither filtered nor paginated. */
export function limitOf(action: string, isWhole: boolean): Limit {
  if (isWhole && COSTLY_WHEN_WHOLE.includes(action)) return READING_ALL;
  return LIMITS[action] ?? (/^(Describe|Get|List|Search)/.test(action) ? READING : MUTATING);
}

/**
 * Our part of a bucket: `share` of it, above 0 and up to 1. EC2 adds a second's tokens at once, and nobody knows when its
 * seconds begin: so much less than its bucket ours always holds, and `replicas`, 1 or more, hold together. One token is the least,
 * or no call would ever go out.
 */
export function shareOf({ capacity, perSecond }: Limit, share: number, replicas = 1): Limit {
  const ours = Math.min(capacity * share, capacity - perSecond);
  return { capacity: Math.max(1, ours / replicas), perSecond: (perSecond * share) / replicas };
}

/** What a bucket held at an instant. Below zero: so many tokens to come are promised to those who wait. */
export interface Bucket {
  readonly tokens: number;
  readonly at: Instant;
}

export function fullBucket({ capacity }: Limit, now: Instant): Bucket {
  return { tokens: capacity, at: now };
}

/** What sums of fractions are off by at most, in milliseconds: no millisecond is waited for its sake. */
const ROUNDING_MS = 1e-3;

/**
 * Takes a token, or the promise of one: the caller goes after `waitMs`, and whoever comes later goes later. A clock that was
 * put back adds nothing, and takes nothing.
 */
export function takeToken(
  bucket: Bucket,
  limit: Limit,
  now: Instant,
): { readonly bucket: Bucket; readonly waitMs: number } {
  const tokens = tokensIn(bucket, limit, now) - 1;
  const waitMs = Math.ceil(Math.max(0, (-tokens / limit.perSecond) * SECOND_MS - ROUNDING_MS));
  return { bucket: { tokens, at: now }, waitMs };
}

/** EC2 says that the bucket is empty: somebody else takes from it, too. Those who wait already keep their places. */
export function emptied(bucket: Bucket, limit: Limit, now: Instant): Bucket {
  return { tokens: Math.min(0, tokensIn(bucket, limit, now)), at: now };
}

function tokensIn({ tokens, at }: Bucket, { capacity, perSecond }: Limit, now: Instant): number {
  return Math.min(capacity, tokens + (Math.max(0, now - at) / SECOND_MS) * perSecond);
}

/** Calls of the slowest kind that one image takes: ModifySnapshotAttribute or DeleteSnapshot, for two snapshots. */
const SLOW_CALLS_PER_IMAGE = 2;
const SLOWEST_PER_SECOND = 5;
const LARGEST_BATCH = 50;

/** How many images the share of the slowest bucket serves in half a lease, as a fraction. */
export function servedInHalf(leaseMs: number, share: number): number {
  return (leaseMs / 2 / SECOND_MS) * ((SLOWEST_PER_SECOND * share) / SLOW_CALLS_PER_IMAGE);
}

/**
 * How many images a claim takes, 1 to 50: what the share of the slowest bucket serves in half a lease. For a lease of `L`
 * seconds and a share `s` that is `L / 2 × 5 s / 2`: all of 50 for five minutes and 0.5, 37 for five minutes and 0.1.
 */
export function batchOf(leaseMs: number, share: number): number {
  return Math.max(1, Math.min(LARGEST_BATCH, Math.floor(servedInHalf(leaseMs, share))));
}
