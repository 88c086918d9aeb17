import t from "tap";
import {
  batchOf,
  emptied,
  fullBucket,
  limitOf,
  shareOf,
  takeToken,
  type Limit,
} from "../../../src/domain/limits/pace.ts";
import { MINUTE_MS, SECOND_MS } from "../../../src/domain/time.ts";
import { NOW } from "../../support/world/image.ts";

t.test("every action that we call has the bucket that EC2 documents", (t) => {
  const rows: readonly (readonly [string, boolean, number, number])[] = [
    ["DeregisterImage", true, 100, 5],
    ["DeleteSnapshot", true, 100, 5],
    ["ModifyImageAttribute", true, 100, 5],
    ["ModifySnapshotAttribute", true, 100, 5],
    ["CreateTags", true, 100, 10],
    ["DeleteTags", true, 100, 10],
    ["DescribeImages", true, 100, 20],
    ["DescribeSnapshots", false, 100, 20],
    ["DescribeSnapshots", true, 50, 10],
    ["DescribeInstances", true, 50, 10],
    ["DescribeImageReferences", false, 100, 20],
    ["GetImageBlockPublicAccessState", true, 100, 20],
    ["DisableImage", true, 50, 5],
    ["EnableImageBlockPublicAccess", true, 1, 0.1],
    ["SomethingNew", true, 50, 5],
  ];
  for (const [action, isWhole, capacity, perSecond] of rows)
    t.same(limitOf(action, isWhole), { capacity, perSecond }, `${action} ${isWhole ? "whole" : "in part"}`);
  t.end();
});

t.test("we take our share of a bucket, never its last second, and at least one token", (t) => {
  const limit = limitOf("CreateTags", true);
  const rows: readonly (readonly [number, Limit])[] = [
    [0.5, { capacity: 50, perSecond: 5 }],
    [0.25, { capacity: 25, perSecond: 2.5 }],
    [1, { capacity: 90, perSecond: 10 }],
    [0.001, { capacity: 1, perSecond: 0.01 }],
  ];
  for (const [share, ours] of rows) t.same(shareOf(limit, share), ours, `a share of ${share}`);
  t.end();
});

const LIMIT: Limit = { capacity: 3, perSecond: 2 };

/** How long callers wait who come at these milliseconds, one after the other. */
function waits(comings: readonly number[], emptyAt: readonly number[] = []): number[] {
  let bucket = fullBucket(LIMIT, NOW);
  return comings.map((at, index) => {
    const taken = takeToken(bucket, LIMIT, NOW + at);
    bucket = emptyAt.includes(index) ? emptied(taken.bucket, LIMIT, NOW + at) : taken.bucket;
    return taken.waitMs;
  });
}

t.test("a full bucket lets as many go at once; then each waits for its own token, in the order they came", (t) => {
  const rows: readonly (readonly [string, readonly number[], readonly number[]])[] = [
    ["all at once", [0, 0, 0, 0, 0, 0], [0, 0, 0, 500, 1000, 1500]],
    ["a token flows in every half second", [0, 0, 0, 500, 1000, 1250], [0, 0, 0, 0, 0, 250]],
    ["whoever comes later goes later", [0, 0, 0, 0, 0, 900], [0, 0, 0, 500, 1000, 600]],
    ["no bucket grows beyond its size", [0, 0, 0, 60_000, 60_000, 60_000, 60_000], [0, 0, 0, 0, 0, 0, 500]],
    ["a clock that was put back adds nothing", [0, 0, 0, -60_000, -60_000], [0, 0, 0, 500, 1000]],
  ];
  for (const [what, comings, expected] of rows) t.same(waits(comings), expected, what);
  t.end();
});

t.test("a throttled answer empties the bucket, and keeps the places of those who wait", (t) => {
  t.same(waits([0, 0, 0], [0]), [0, 500, 1000]);
  t.same(waits([0, 0, 0, 0, 0, 0], [4]), [0, 0, 0, 500, 1000, 1500]);
  t.end();
});

t.test("in no span of time does more go out than EC2's bucket holds, wherever its seconds begin", (t) => {
  for (const action of ["CreateTags", "DescribeImages", "DisableImage", "DeleteSnapshot"])
    for (const share of [0.1, 0.5, 0.95, 1]) {
      const theirs = limitOf(action, false);
      const ours = shareOf(theirs, share);
      let bucket = fullBucket(ours, NOW);
      for (let call = 1; call <= 400; call += 1) {
        const taken = takeToken(bucket, ours, NOW);
        bucket = taken.bucket;
        const seconds = Math.max(0, Math.floor(taken.waitMs / SECOND_MS));
        // The first second's tokens may come anywhere in it, at the latest just before the second one's.
        const granted = theirs.capacity + Math.max(0, seconds - 1) * theirs.perSecond;
        if (call > granted && taken.waitMs < SECOND_MS)
          t.fail(`${action} at ${share}: call ${call} after ${taken.waitMs} ms`);
        if (call > theirs.capacity + seconds * theirs.perSecond) t.fail(`${action} at ${share}: call ${call}`);
      }
    }
  t.end();
});

t.test("a claim takes what half a lease serves, 1 to 50", (t) => {
  const rows: readonly (readonly [number, number, number])[] = [
    [5 * MINUTE_MS, 0.5, 50],
    [5 * MINUTE_MS, 0.1, 37],
    [MINUTE_MS, 0.5, 37],
    [20 * SECOND_MS, 0.5, 12],
    [SECOND_MS, 0.5, 1],
    [5 * MINUTE_MS, 0.001, 1],
    [60 * MINUTE_MS, 1, 50],
  ];
  for (const [leaseMs, share, batch] of rows) t.equal(batchOf(leaseMs, share), batch, `${leaseMs} ms, share ${share}`);
  t.end();
});

t.test("fractions of tokens never make a wait a millisecond longer, whenever a caller comes", (t) => {
  const limit: Limit = { capacity: 1, perSecond: 0.05 };
  const late: number[] = [];
  for (let pause = 1; pause < 20_000; pause += 7) {
    const first = takeToken(fullBucket(limit, NOW), limit, NOW);
    const second = takeToken(first.bucket, limit, NOW + pause);
    const third = takeToken(second.bucket, limit, NOW + pause + 3);
    if (pause + second.waitMs !== 20_000 || pause + 3 + third.waitMs !== 40_000) late.push(pause);
  }
  t.same(late, []);
  t.end();
});
