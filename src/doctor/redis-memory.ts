import { ok, warning, type Finding } from "./finding.ts";
import type { StoreCheckup } from "../ports/index.ts";

/**
 * Where nothing can be measured. MEMORY USAGE of Redis 7.0 gave 1,132 bytes for an image that was just heard of; the events and
 * fields of a whole life, and the keys themselves, come on top.
 */
const TYPICAL_BYTES = 3000;
/** Room for so many times what there is now is plenty. */
const PLENTY = 2;
const MIB = 1024 * 1024;

/** Memory used, and room for how many more images, by what those that are there take. */
export async function checkMemory(
  store: StoreCheckup,
  info: Readonly<Record<string, string>> | null,
): Promise<readonly Finding[]> {
  const check = "redis memory";
  if (info === null) return [];
  const used = Number(info["used_memory"]);
  const limit = Number(info["maxmemory"]);
  const most = limit > 0 ? limit : Number(info["total_system_memory"]);
  if (!(used > 0 && most > 0)) return [warning(check, "INFO does not tell it", "watch it where Redis runs")];
  const { images, bytesEach, isMeasured } = await measure(store);
  const room = Math.max(0, Math.floor((most - used) / bytesEach));
  const whose = limit > 0 ? "maxmemory" : "the whole machine, as maxmemory is not set";
  const by = isMeasured ? "as measured" : "a typical one";
  const message =
    `${mib(used)} of ${mib(most)} used (${whose}); ${images} images now, ` +
    `room for ${room} more of ${Math.round(bytesEach)} bytes each (${by})`;
  return [room < PLENTY * images ? warning(check, message, "give Redis more memory") : ok(check, message)];
}

async function measure(store: StoreCheckup): Promise<{
  readonly images: number;
  readonly bytesEach: number;
  readonly isMeasured: boolean;
}> {
  const { schedule } = store;
  const regions = await schedule.regions();
  const counts = await Promise.all(regions.map((region) => schedule.countLive(region)));
  const images = counts.reduce((sum, count) => sum + count, 0);
  const largest = regions[counts.indexOf(Math.max(...counts))];
  const measured = largest === undefined ? null : await store.bytesPerImage(largest);
  return { images, bytesEach: measured ?? TYPICAL_BYTES, isMeasured: measured !== null };
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}
