import type { Upload } from "../domain/image/upload.ts";
import type { Seen } from "../domain/plan/look.ts";
import { DAY_MS, floorSecond, HOUR_MS, type Instant } from "../domain/time.ts";
import { askedFor } from "../domain/topics.ts";
import { decode } from "../hear/decode.ts";
import type { Archive } from "../ports/index.ts";

/** fedimg and the uploader told of an image within hours after it was made; clocks may differ by a little. */
const BEFORE_MS = HOUR_MS;
const AFTER_MS = 2 * DAY_MS;

/** What the archive's messages say of some images of a region, by ami-id; none where no message names one. */
export type Announcements = ReadonlyMap<string, readonly Upload[]>;

/**
 * Reads the messages of the days around the creation of each image, a day at a time, and keeps those that name one of them.
 * Throws `UpstreamError`, `RefusedError`.
 */
export async function announcementsOf(
  region: string,
  images: readonly Seen[],
  { archive, environments }: { readonly archive: Archive; readonly environments: readonly string[] },
): Promise<Announcements> {
  const found = new Map<string, Upload[]>(images.map(({ amiId }) => [amiId, []]));
  for (const start of daysOf(images)) {
    const query = { ...askedFor("uploads", environments), start, end: start + DAY_MS };
    for await (const message of archive.messages(query)) {
      const heard = decode(message, environments);
      if (heard.kind !== "uploads") continue;
      for (const upload of heard.uploads) if (upload.region === region) found.get(upload.amiId)?.push(upload);
    }
  }
  return found;
}

/** The UTC days, by their beginning, in which messages about these images are looked for; each once. */
function daysOf(images: readonly Seen[]): readonly Instant[] {
  const days = new Set<Instant>();
  for (const { createdAt } of images) {
    if (createdAt === null) continue;
    const first = createdAt - BEFORE_MS;
    for (let day = first - (first % DAY_MS); day < createdAt + AFTER_MS; day += DAY_MS) days.add(floorSecond(day));
  }
  return [...days].sort((a, b) => a - b);
}
