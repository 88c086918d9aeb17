import type { Parameters } from "../wire/parameters.ts";

interface Limit {
  /** How many tokens a full bucket holds. */
  readonly capacity: number;
  /** How many flow back each second. */
  readonly perSecond: number;
}

/** "Request throttling for the Amazon EC2 API", the table of bucket sizes and refill rates; here what stands there by name. */
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
/** Actions of the category "unfiltered and unpaginated" that are simulated. */
const COSTLY_WHEN_WHOLE = ["DescribeInstances", "DescribeSnapshots"];

/** What a call is charged for. */
export interface Charge {
  readonly account: string;
  readonly action: string;
  readonly mutates: boolean;
  readonly parameters: Parameters;
}

interface Bucket {
  tokens: number;
  /** When the last tokens had flowed in, in epoch milliseconds. */
  filledAt: number;
}

/** The token buckets of one region: one for each account and API. */
export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>();

  /** Takes the token that the call costs; false where the bucket is empty. */
  take(charge: Charge, now: number): boolean {
    const isWhole = COSTLY_WHEN_WHOLE.includes(charge.action) && !asksForPart(charge.parameters);
    const limit = limitOf(charge, isWhole);
    const name = `${charge.account} ${charge.action} ${isWhole ? "whole" : ""}`;
    const bucket = this.#buckets.get(name) ?? { tokens: limit.capacity, filledAt: now };
    this.#buckets.set(name, bucket);
    refill(bucket, limit, now);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}

function limitOf({ action, mutates }: Charge, isWhole: boolean): Limit {
  if (isWhole) return READING_ALL;
  return LIMITS[action] ?? (mutates ? MUTATING : READING);
}

/** Whether the call is "filtered or paginated". */
function asksForPart(parameters: Parameters): boolean {
  return Object.keys(parameters.toObject()).some((name) => name === "MaxResults" || name.startsWith("Filter."));
}

/** The page: "a set number of tokens is added every second"; so nothing flows within one. Tenths are kept exact. */
function refill(bucket: Bucket, limit: Limit, now: number): void {
  const seconds = Math.max(0, Math.floor((now - bucket.filledAt) / 1000));
  bucket.tokens = Math.min(limit.capacity, Math.round((bucket.tokens + seconds * limit.perSecond) * 10) / 10);
  bucket.filledAt += seconds * 1000;
}
