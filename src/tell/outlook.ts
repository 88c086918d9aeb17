import type { Image } from "../domain/image/image.ts";
import { refusalOf } from "../domain/plan/refusal.ts";
import type { DueList, DueRow, RefusedRow } from "../domain/report/outlook.ts";
import { dayOf, DAY_MS, type Instant } from "../domain/time.ts";
import type { Schedule } from "../ports/index.ts";

/** How far the list looks ahead. */
const DAYS = 7;
/** Images of one queue and region that are read: a flood must not stop the report. */
const MOST = 2000;

/** What is due in the next seven days, and what is overdue, from the schedule. Throws `UpstreamError`. */
export async function dueList(schedule: Pick<Schedule, "regions" | "between">, now: Instant): Promise<DueList> {
  const regions = await schedule.regions();
  const until = now + DAYS * DAY_MS;
  const read = async (queue: "private" | "delete"): Promise<readonly (readonly Image[])[]> =>
    Promise.all(regions.map((region) => schedule.between(region, queue, 0, until, MOST)));
  const [toPrivate, toDelete] = await Promise.all([read("private"), read("delete")]);
  const all = [...toPrivate, ...toDelete];
  const isDue = (image: Image): boolean => refusalOf(image) === null;
  return {
    ...{ until, regions: regions.length, isCut: all.some((images) => images.length === MOST) },
    makePrivate: rowsOf(toPrivate.flat().filter(isDue), now, (image) => image.privateAt),
    deletes: rowsOf(toDelete.flat().filter(isDue), now, (image) => image.deleteAt),
    refused: refusedRows(all.flat()),
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

/** The reason that stops most images first. */
function refusedRows(images: readonly Image[]): readonly RefusedRow[] {
  const groups = new Map<string, Image[]>();
  for (const image of images) {
    const why = refusalOf(image)?.reason;
    if (why !== undefined) groups.set(why, [...(groups.get(why) ?? []), image]);
  }
  return [...groups]
    .map(([why, of]) => ({ why, images: of.length, composeIds: [...new Set(of.map(({ composeId }) => composeId))] }))
    .sort((a, b) => b.images - a.images || (a.why < b.why ? -1 : 1));
}
