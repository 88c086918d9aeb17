import { held, holdTag, released } from "../domain/hold.ts";
import type { Hold, Image, TakenAway } from "../domain/image/image.ts";
import { draft, reset, type Change, type Periods } from "../domain/image/lifecycle.ts";
import {
  ACT_TAGS,
  COMPOSE_TAG,
  HOLD_TAG,
  IMAGE_TAG,
  INTENT_TAG,
  OUR_TAGS,
  PRIVATE_AT_TAG,
  type Seen,
} from "../domain/plan/look.ts";
import type { Plan } from "../domain/plan/plan.ts";
import { ceilSecond, formatInstant, SECOND_MS, type Instant } from "../domain/time.ts";
import { UpstreamError } from "../errors.ts";
import type { Clock, Images, Lease, MayCall, Schedule } from "../ports/index.ts";

/** What an act needs: the claimed image, its lease, and the two sides that it keeps in step. */
export interface ActParts {
  readonly images: Images;
  readonly schedule: Schedule;
  readonly clock: Clock;
  readonly lease: Lease;
  readonly periods: Periods;
}

/** `lost`: the claim went to somebody else, a person held the image, or the lease is nearly over; nothing more was done. */
export type Acted = "settled" | "lost";

/** What an act is given: a mutating call goes out only if the claim still stands when its turn has come. */
type Step = (call: (mayCall: MayCall) => Promise<unknown>) => Promise<boolean>;

/** The claim went while a call waited for its turn; it never leaves this file. */
class ClaimLost extends Error {
  override readonly name = "ClaimLost";
}

/** A call that is under way when the lease ends could meet the next claim's; so none begins this late. */
const LEASE_MARGIN = 0.2;
const READ_BACKS = 6;
const IN_USE_RETRIES = 5;

function stepsOf(image: Image, { schedule, clock, lease }: ActParts): Step {
  const lastStart = lease.until - (lease.until - lease.now) * LEASE_MARGIN;
  const mayCall: MayCall = async () => {
    if (clock.now() > lastStart || !(await schedule.mayAct(image))) throw new ClaimLost();
  };
  return async (call) => {
    try {
      await call(mayCall);
      return true;
    } catch (error) {
      if (error instanceof ClaimLost) return false;
      throw error;
    }
  };
}

/**
 * Makes an image and its snapshots private: tags first, so that no crash leaves an image private and unknown; records what is
 * taken before it is taken; reads back; tags that it is done; settles. Every step may be repeated. Throws `UpstreamError`,
 * `RefusedError`.
 */
export async function makePrivate(image: Image, seen: Seen, takeAway: TakenAway, parts: ActParts): Promise<Acted> {
  const { images, schedule, clock } = parts;
  const { region, amiId } = image;
  const step = stepsOf(image, parts);
  for (const [ids, tags] of intentTags(image, seen, takeAway, clock.now()))
    if (!(await step((mayCall) => images.tag(region, ids, tags, mayCall)))) return "lost";
  const taken = await schedule.recordTakenAway(image, takeAway);
  if (taken === null) return "lost";
  if (taken.image && !(await step((mayCall) => images.closeImage(region, amiId, mayCall)))) return "lost";
  for (const snapshotId of taken.snapshots)
    if (!(await step((mayCall) => images.closeSnapshot(region, snapshotId, mayCall)))) return "lost";
  await readBack(image, seen, parts);
  const madePrivateAt = ceilSecond(clock.now());
  const tags = { [PRIVATE_AT_TAG]: formatInstant(madePrivateAt) };
  if (!(await step((mayCall) => images.tag(region, [amiId, ...seen.snapshotIds], tags, mayCall)))) return "lost";
  const why = image.reason === "" ? "due" : image.reason;
  const change: Change = {
    stage: "private",
    wait: null,
    fields: reset({
      madePrivateAt,
      ...{ noticedAt: null, deleteAt: null, releasedAt: null },
      earliestDeleteAt: image.releasedAt === null ? null : image.releasedAt + parts.periods.afterHoldMs,
    }),
    event: draft("made-private", madePrivateAt, "ticker", why, {
      ec2_name: seen.name,
      arch: image.arch ?? "",
      gib: String(seen.sizeGiB),
      snapshots: String(seen.snapshotIds.length),
      taken_away: JSON.stringify(taken),
    }),
  };
  return (await schedule.settle(image, change)) ? "settled" : "lost";
}

/** The intent, per resource, with a word on what was there to take, and the names that a lost memory is rebuilt from. */
function intentTags(
  image: Image,
  seen: Seen,
  takeAway: TakenAway,
  now: Instant,
): readonly (readonly [readonly string[], Readonly<Record<string, string>>])[] {
  const at = formatInstant(ceilSecond(now));
  const isTaken = (id: string): boolean => takeAway.snapshots.includes(id);
  const tagsOf = (hadAll: boolean): Readonly<Record<string, string>> => ({
    [INTENT_TAG]: `${at} ${hadAll ? "all" : "nothing"}`,
    [IMAGE_TAG]: seen.amiId,
    [COMPOSE_TAG]: image.composeId,
  });
  const groups = [
    // Snapshots before their image: the image's own tag is what says that all of them carry theirs.
    [seen.snapshotIds.filter(isTaken), tagsOf(true)],
    [seen.snapshotIds.filter((id) => !isTaken(id)), tagsOf(false)],
    [[seen.amiId], tagsOf(takeAway.image)],
  ] as const;
  return groups.filter(([ids]) => ids.length > 0);
}

/** DescribeImages is eventually consistent: what was changed is believed only when it was read. */
async function readBack(image: Image, seen: Seen, { images, clock }: ActParts): Promise<void> {
  for (let reading = 0; reading < READ_BACKS; reading += 1) {
    const [now, open] = await Promise.all([
      images.look(image.region, [image.amiId]),
      images.publicSnapshots(image.region, seen.snapshotIds),
    ]);
    if (now.get(image.amiId)?.isPublic === false && open.length === 0) return;
    await clock.sleep(SECOND_MS / 4 + reading * SECOND_MS);
  }
  throw new UpstreamError(
    "ec2",
    "not-private-yet",
    `${image.region} ${image.amiId} still reads as public after it was made private`,
  );
}

/**
 * Deletes an image and every snapshot of every block device: first the record says so, with all snapshot ids, then the image
 * goes, then the snapshots, then one outcome with a result for each. Throws `UpstreamError` with the leftovers still due.
 */
export async function remove(
  image: Image,
  seen: Seen | null,
  snapshotIds: readonly string[],
  parts: ActParts,
): Promise<Acted> {
  const { images, schedule, clock, lease } = parts;
  const { region, amiId } = image;
  const step = stepsOf(image, parts);
  if (image.stage !== "deleting") {
    const begin: Change = {
      stage: "deleting",
      wait: { queue: "delete", wakeAt: lease.until },
      fields: { snapshotIds },
      event: draft("deleting", clock.now(), "ticker", image.reason),
    };
    if (!(await schedule.settle(image, begin, { keepClaim: true }))) return "lost";
  }
  if (seen?.state === "available" && !(await step((mayCall) => images.deregister(region, amiId, mayCall))))
    return "lost";
  const results: Record<string, string> = {};
  for (const snapshotId of snapshotIds) {
    if (
      !(await step(async (mayCall) => (results[snapshotId] = await deleteSnapshot(image, snapshotId, parts, mayCall))))
    )
      return "lost";
  }
  const change: Change = {
    stage: "deleted",
    wait: null,
    fields: { attempts: 0, lastError: "" },
    event: draft("deleted", clock.now(), "ticker", image.reason, {
      ec2_name: seen?.name ?? "",
      gib: String(seen?.sizeGiB ?? ""),
      snapshots: JSON.stringify(results),
    }),
  };
  return (await schedule.settle(image, change, { irreversible: true })) ? "settled" : "lost";
}

/** Right after its image went, a snapshot is often still said to be in use: tried again, unless another image stands on it. */
async function deleteSnapshot(
  image: Image,
  snapshotId: string,
  { images, clock }: ActParts,
  mayCall: MayCall,
): Promise<string> {
  for (let attempt = 0; attempt < IN_USE_RETRIES; attempt += 1) {
    const result = await images.deleteSnapshot(image.region, snapshotId, mayCall);
    if (result !== "in-use") return result;
    const others = await images.imagesOnSnapshot(image.region, snapshotId, image.amiId);
    if (others.length > 0) return `kept: shared with ${others.join(", ")}`;
    await clock.sleep(SECOND_MS / 4 + attempt * SECOND_MS);
  }
  throw new UpstreamError(
    "ec2",
    "InvalidSnapshot.InUse",
    `${image.region} ${snapshotId} is still in use after its image ${image.amiId} went`,
  );
}

/**
 * Gives back exactly what was taken, reads it back, drops our tags last, and settles. A hold is tagged first, so that it
 * outlives a Redis that is lost in between. Throws `UpstreamError`, `RefusedError`.
 */
export async function restore(image: Image, plan: Plan & { do: "restore" }, parts: ActParts): Promise<Acted> {
  const { seen, takenAway, tagged } = plan;
  const { images, schedule, clock } = parts;
  const { region, amiId } = image;
  const step = stepsOf(image, parts);
  const hold = image.becomes === "held" && image.hold !== null ? holdTag(image.hold) : null;
  if (hold !== null && !(await step((mayCall) => images.tag(region, [amiId], { [HOLD_TAG]: hold }, mayCall))))
    return "lost";
  if (takenAway.image && !(await step((mayCall) => images.openImage(region, amiId, mayCall)))) return "lost";
  for (const snapshotId of takenAway.snapshots)
    if (!(await step((mayCall) => images.openSnapshot(region, snapshotId, mayCall)))) return "lost";
  if (takenAway.image) {
    const now = await images.look(region, [amiId]);
    if (now.get(amiId)?.isPublic !== true)
      throw new UpstreamError(
        "ec2",
        "not-public-yet",
        `${region} ${amiId} does not read as public after it was given back`,
      );
  }
  // What is kept from now on needs no hold any more.
  const keys = image.becomes === "held" ? ACT_TAGS : OUR_TAGS;
  if (tagged.length > 0 && !(await step((mayCall) => images.untag(region, tagged, keys, mayCall)))) return "lost";
  return (await schedule.settle(image, restoredChange(image, seen, takenAway, clock.now()))) ? "settled" : "lost";
}

function restoredChange(image: Image, seen: Seen, takenAway: TakenAway, now: Instant): Change {
  let event = draft("restored", now, "ticker", image.reason, {
    ec2_name: seen.name,
    snapshots: String(takenAway.snapshots.length),
  });
  const cleared = { takenAway: null, madePrivateAt: null, noticedAt: null, deleteAt: null };
  if (image.becomes === "held" && image.hold !== null) {
    const { hold } = image;
    const change = held({ ...hold, since: now }, "public");
    const details = { ...event.details, by: hold.by, until: change.event?.details["until"] ?? "" };
    return { ...change, fields: { ...change.fields, ...cleared }, event: { ...event, why: hold.why, details } };
  }
  // A keep that came while the first tags were written: nobody lost anything, so nothing was given back.
  const details = { stage: "kept", rule: image.rule ?? "" };
  if (image.takenAway === null && seen.isPublic) event = draft("decided", now, "ticker", image.reason, details);
  const fields = reset({ ...cleared, becomes: null, hold: null, heldFrom: null });
  return { stage: "kept", wait: null, fields, event };
}

/** Writes the hold to EC2, where it outlives a lost Redis. Throws `UpstreamError`, `RefusedError`. */
export async function tagHold(image: Image, hold: Hold, parts: ActParts): Promise<Acted> {
  const { images, schedule } = parts;
  const step = stepsOf(image, parts);
  if (!(await step((mayCall) => images.tag(image.region, [image.amiId], { [HOLD_TAG]: holdTag(hold) }, mayCall))))
    return "lost";
  const wait = { queue: "held" as const, wakeAt: hold.until ?? Infinity };
  const change: Change = { stage: "held", wait, fields: reset({ hold }), event: null };
  return (await schedule.settle(image, change)) ? "settled" : "lost";
}

/** Ends a hold: its tag goes first, for it protects the image as well; then the clock runs again. Throws `UpstreamError`, `RefusedError`. */
export async function release(image: Image, seen: Seen, parts: ActParts): Promise<Acted> {
  const { images, schedule, clock, periods } = parts;
  const step = stepsOf(image, parts);
  if (
    seen.tags[HOLD_TAG] !== undefined &&
    !(await step((mayCall) => images.untag(image.region, [image.amiId], [HOLD_TAG], mayCall)))
  )
    return "lost";
  const by = image.hold?.by ?? "ticker";
  const why = image.hold?.why ?? "";
  const change = released(image, seen.isPublic, by, why, periods, ceilSecond(clock.now()));
  return (await schedule.settle(image, change)) ? "settled" : "lost";
}
