import type { RegionBreakers } from "../breakers.ts";
import type { Image } from "../../domain/image/image.ts";
import { NOT_MISSED } from "../../domain/image/lifecycle.ts";
import { isRefusalCode, type RefusalCode } from "../../domain/plan/refusal.ts";
import { afterFailure, afterRefusal, yielded } from "../../domain/plan/setback.ts";
import { describeError, isForeign, RefusedError, UpstreamError, type Scope } from "../../errors.ts";
import type { Lease, Log, Random, Schedule } from "../../ports/index.ts";

/** Failures with these are tried again with the image itself; any other is none of its own. */
const OF_IMAGES: readonly Scope[] = ["call", "image"];

/**
 * Records why an image could not be worked, and when it is tried again; what is the region's fault is not held against the
 * image. `isShared`: the failure met a whole batch; `isSeen`: EC2 showed the image before. Resolves to the outcome. Throws
 * `UpstreamError` for Redis' own failures.
 */
export async function recordSetback(
  worked: Image,
  error: unknown,
  lease: Lease,
  {
    schedule,
    breakers,
    log,
    random,
  }: {
    readonly schedule: Pick<Schedule, "get" | "settle">;
    readonly breakers: Pick<RegionBreakers, "isOpen" | "isProbed">;
    readonly log: Log;
    readonly random: Random;
  },
  { isShared, isSeen }: { readonly isShared: boolean; readonly isSeen: boolean },
): Promise<"yielded" | "refused" | "failed"> {
  if (error instanceof UpstreamError && error.service === "redis") throw error;
  const why = describeError(error);
  const isNoImages = error instanceof UpstreamError && (isShared || !OF_IMAGES.includes(error.scope));
  const isOfRegion = breakers.isOpen(worked.region) && !isOfProbe(error, worked.region, isShared, breakers);
  if (isOfRegion || isNoImages) return yieldClaim(worked, why, lease, { schedule, log });
  const image = await asItStands(worked, schedule);
  const isRefused = error instanceof RefusedError;
  const data = { region: image.region, ami: image.amiId, error: why, attempts: image.attempts };
  if (error instanceof UpstreamError || isRefused) log.warn(data, "image not worked, trying again later");
  else log.error({ ...data, stack: error instanceof Error ? error.stack : undefined }, "bug while working on an image");
  const change = isRefused
    ? afterRefusal(image, codeOf(error), why, lease.now)
    : afterFailure(image, why, lease.now, random());
  await schedule.settle(image, isSeen ? { ...change, fields: { ...change.fields, ...NOT_MISSED } } : change);
  return isRefused ? "refused" : "failed";
}

/**
 * Whether a region that was half-open has answered for itself, and failed for the one image that it was probed with: the image
 * backs off by itself, so that the next probe is another one.
 */
function isOfProbe(
  error: unknown,
  region: string,
  isShared: boolean,
  breakers: Pick<RegionBreakers, "isProbed">,
): boolean {
  const wasSent = error instanceof UpstreamError && error.code !== "breaker-open";
  return wasSent && !isShared && breakers.isProbed(region);
}

function codeOf(error: RefusedError): RefusalCode {
  if (isForeign(error)) return "unreadable";
  return isRefusalCode(error.code) ? error.code : "permission";
}

/** Ends a claim as if it had not been made. Throws `UpstreamError`. */
export async function yieldClaim(
  worked: Image,
  why: string,
  lease: Lease,
  { schedule, log }: { readonly schedule: Pick<Schedule, "get" | "settle">; readonly log: Pick<Log, "debug"> },
): Promise<"yielded"> {
  const image = await asItStands(worked, schedule);
  log.debug({ region: image.region, ami: image.amiId, error: why }, "claim yielded");
  await schedule.settle(image, yielded(image, lease.now));
  return "yielded";
}

/** The act may have moved the image to `deleting` before it failed, and it must not move back; the claim stays the one we had. */
async function asItStands(worked: Image, schedule: Pick<Schedule, "get">): Promise<Image> {
  return { ...((await schedule.get(worked.region, worked.amiId)) ?? worked), token: worked.token };
}
