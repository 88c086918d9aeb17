import type { Image } from "../domain/image/image.ts";
import type { ActQueue } from "../domain/image/lifecycle.ts";
import { publicReason } from "../domain/plan/public-reason.ts";
import { refusalOf } from "../domain/plan/refusal.ts";
import { situationOf } from "../domain/plan/situation.ts";
import type { DueList, DueRow, RefusedRow, UnfinishedRow } from "../domain/report/outlook.ts";
import { dayOf, DAY_MS, type Instant } from "../domain/time.ts";
import type { Schedule } from "../ports/index.ts";

/** How far the list looks ahead. */
const DAYS = 7;
/** Images of one queue and region that are read: a flood must not stop the report. */
const MOST = 2000;

/** What is due in the next seven days, and what is overdue, from the schedule. Throws `UpstreamError`. */
export async function dueList(
  schedule: Pick<Schedule, "regions" | "between" | "waiting">,
  now: Instant,
): Promise<DueList> {
  const regions = await schedule.regions();
  const until = now + DAYS * DAY_MS;
  const read = async (queue: ActQueue): Promise<readonly (readonly Image[])[]> =>
    Promise.all(regions.map((region) => schedule.between(region, queue, 0, until, MOST)));
  const [toPrivate, toDelete, toRestore] = await Promise.all([read("private"), read("delete"), read("restore")]);
  const waiting: Readonly<Record<ActQueue, readonly (readonly Image[])[]>> = {
    private: toPrivate,
    delete: toDelete,
    restore: toRestore,
  };
  const all = Object.values(waiting).flat();
  const isDue = (image: Image): boolean => refusalOf(image) === null && situationOf(image) === null;
  return {
    until,
    regions: regions.length,
    isCut: all.some((images) => images.length === MOST),
    makePrivate: rowsOf(toPrivate.flat().filter(isDue), now, (image) => image.privateAt),
    deletes: rowsOf(toDelete.flat().filter(isDue), now, (image) => image.deleteAt),
    refused: refusedRows(all.flat().filter((image) => situationOf(image) === null)),
    unfinished: await unfinishedRows(all.flat(), schedule, now),
  };
}

function rowsOf(images: readonly Image[], now: Instant, deadline: (image: Image) => Instant | null): readonly DueRow[] {
  const groups = new Map<string, { images: number; regions: Set<string> }>();
  for (const image of images) {
    const key = `${dayOf(Math.max(now, deadline(image) ?? now))} ${image.composeId}`;
    const group = groups.get(key) ?? { images: 0, regions: new Set<string>() };
    group.images += 1;
    group.regions.add(image.region);
    groups.set(key, group);
  }
  return [...groups].map(([key, group]) => {
    const [day = "", composeId = ""] = key.split(" ");
    return { day, composeId, images: group.images, regions: group.regions.size };
  });
}

/** What is being worked on at this moment is not told: its claim has not run out. */
async function unfinishedRows(
  images: readonly Image[],
  schedule: Pick<Schedule, "waiting">,
  now: Instant,
): Promise<readonly UnfinishedRow[]> {
  const rows = images.map(async (image): Promise<UnfinishedRow | null> => {
    const { region, amiId, composeId, token } = image;
    const situation = situationOf(image);
    if (situation === null) return null;
    const isUnderWay = token !== "" && ((await schedule.waiting(region, amiId))?.wakeAt ?? 0) > now;
    return isUnderWay ? null : { region, amiId, composeId, situation, isTold: image.lastError !== "" };
  });
  return (await Promise.all(rows)).filter((row) => row !== null);
}

/** The reason that stops most images first. */
function refusedRows(images: readonly Image[]): readonly RefusedRow[] {
  const groups = new Map<string, { readonly who: string; readonly images: Image[] }>();
  for (const image of images) {
    if (refusalOf(image) === null) continue;
    const { why, who } = publicReason(image.lastError);
    const group = groups.get(why) ?? { who, images: [] };
    group.images.push(image);
    groups.set(why, group);
  }
  return [...groups]
    .map(([why, { who, images: of }]) => ({
      why,
      who,
      images: of.length,
      composeIds: [...new Set(of.map(({ composeId }) => composeId))],
    }))
    .sort((a, b) => b.images - a.images || (a.why < b.why ? -1 : 1));
}
