import { createHash } from "node:crypto";
import { bulletinOf, bulletinSchema, bulletinTopic, soonBulletin, type Bulletin } from "../domain/report/bulletin.ts";
import type { Policy } from "../domain/compose/classify.ts";
import type { Periods } from "../domain/image/lifecycle.ts";
import { isOfNeighbour, orUnreadable, RefusedError, UpstreamError } from "../errors.ts";
import type { Bulletins, Journal, Log, ReporterLease, Schedule, SoonTold } from "../ports/index.ts";
import { nowBy } from "./now.ts";
import { replacementsOf } from "./post.ts";
import { untoldSoon } from "./soon.ts";
import { noteStatus } from "./status.ts";

/** What a pass over that which the bus is still to be told works with. */
export interface Announcer {
  readonly schedule: Pick<Schedule, "now" | "regions" | "between" | "promise" | "replacements">;
  /** The events, with a place of the bus' own in them. */
  readonly journal: Pick<Journal, "reporterLease" | "status" | "lastId">;
  readonly bulletins: Bulletins;
  readonly soonTold: SoonTold;
  readonly periods: Pick<Periods, "deleteAfterMs">;
  readonly policy: Pick<Policy, "keepNewest">;
  readonly log: Log;
}

/** Events of a region that are told before the next region has its turn. */
const PAGE = 100;
const WORDS = {
  failing: "the bus cannot be told until a person mends this",
  again: "the bus can be told again",
} as const;

/**
 * Tells the bus what happened and it was not told yet, region by region, each in its order, at least once; then what is to be made
 * private within a day. Does nothing while another process tells it. The first pass of all tells nothing of what was before it. A
 * message that is not taken holds up those of its region alone. `step` is told of each message. Resolves to how many were told.
 * Throws `UpstreamError`, `RefusedError`; nothing is lost then, and the status says what is wrong.
 */
export async function announceOnce(announcer: Announcer, step: () => void = () => undefined): Promise<number> {
  // While the clocks disagree nothing is told: no date would be true.
  await nowBy(announcer);
  const lease = await announcer.journal.reporterLease();
  if (lease === null) return 0;
  try {
    await beginNow(lease, announcer);
    const told = await tellRegions(lease, announcer, step);
    await announcer.soonTold.forget(await nowBy(announcer));
    await noteStatus(lease, null, { ...announcer, words: WORDS });
    return told;
  } catch (error) {
    if (isOfNeighbour(error)) await noteStatus(lease, error, { ...announcer, words: WORDS });
    throw error;
  } finally {
    await announcer.bulletins.rest();
    await lease.end();
  }
}

/** Old news is none: who switches this on wants to hear of what happens from then on. */
async function beginNow(lease: ReporterLease, { schedule, journal }: Announcer): Promise<void> {
  if ((await lease.memory()).quietSince !== null) return;
  const regions = await schedule.regions();
  const ids = await Promise.all(regions.map(async (region) => [region, await journal.lastId(region)] as const));
  const known = ids.filter((each): each is readonly [string, string] => each[1] !== null);
  await lease.finishPost(Object.fromEntries(known), { quietSince: await nowBy({ schedule }) });
}

/** Page by page in turn, so that a region with much to tell delays no other. */
async function tellRegions(lease: ReporterLease, announcer: Announcer, step: () => void): Promise<number> {
  let told = 0;
  let refusal: UpstreamError | RefusedError | null = null;
  const send = async (bulletin: Bulletin): Promise<void> => {
    // Whoever was asleep must not tell what another one tells meanwhile.
    await lease.confirm();
    await announcer.bulletins.publish(messageOf(bulletin, await nowBy(announcer)));
    told += 1;
    step();
  };
  for (let open = await announcer.schedule.regions(); open.length > 0;) {
    const more: string[] = [];
    for (const region of open)
      try {
        if ((await tellPage(region, lease, announcer, send)) === PAGE) more.push(region);
        else await tellSoon(region, announcer, send);
      } catch (error) {
        if (!isOfThisMessage(error)) throw error;
        refusal ??= error;
      }
    open = more;
  }
  if (refusal !== null) throw refusal;
  return told;
}

/** Whether the broker itself is well, so that another region's messages may be taken. */
function isOfThisMessage(error: unknown): error is UpstreamError | RefusedError {
  if (error instanceof RefusedError) return error.service === "amqp";
  return error instanceof UpstreamError && error.service === "amqp" && error.code === "nack";
}

/** Tells a region's next events; resolves to how many there were. */
async function tellPage(
  region: string,
  lease: ReporterLease,
  { schedule, periods, policy, log }: Announcer,
  send: (bulletin: Bulletin) => Promise<void>,
): Promise<number> {
  const events = await orUnreadable(() => lease.unreported(region, PAGE), [], { log });
  const replacements = await replacementsOf(events, await nowBy({ schedule }), { schedule, policy });
  let silentUntil: string | null = null;
  for (const event of events) {
    const bulletin = bulletinOf(event, { ...periods, replacement: replacements.get(event) ?? null });
    silentUntil = bulletin === null ? event.id : null;
    if (bulletin === null) continue;
    const { notDeletedBefore } = bulletin;
    if (notDeletedBefore !== null)
      await orUnreadable(() => schedule.promise(event, notDeletedBefore), undefined, { log });
    await send(bulletin);
    await lease.finishPost({ [region]: event.id }, {});
  }
  if (silentUntil !== null) await lease.finishPost({ [region]: silentUntil }, {});
  return events.length;
}

/** Each image once: its date never moves. */
async function tellSoon(
  region: string,
  { schedule, soonTold, policy: { keepNewest } }: Announcer,
  send: (bulletin: Bulletin) => Promise<void>,
): Promise<void> {
  const now = await nowBy({ schedule });
  const images = await untoldSoon(region, now, { schedule, soonTold });
  const asked = images.map(({ composeId, imageName }) => ({ region, composeId, imageName: imageName ?? "" }));
  const replacements = await schedule.replacements(asked, { now, keepNewest });
  for (const [index, image] of images.entries()) {
    await send(soonBulletin(image, replacements[index] ?? null));
    await soonTold.add(region, image.amiId, image.privateAt);
  }
}

function messageOf({ kind, severity, body }: Bulletin, sentAt: number): Parameters<Bulletins["publish"]>[0] {
  const topic = bulletinTopic(kind);
  return {
    id: messageId(`${topic} ${body.event} ${body.ami}`),
    topic,
    schema: bulletinSchema(kind),
    severity,
    sentAt,
    body,
  };
}

/** A repeat has the same id, by which a reader, and Fedora's archive, knows it; in the form that the wire format demands. */
function messageId(about: string): string {
  const bytes = createHash("sha256").update(about).digest().subarray(0, 16);
  // RFC 9562, sections 4.1 and 5.4: variant and version 4.
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
