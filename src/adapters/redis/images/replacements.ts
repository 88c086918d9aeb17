import { parseComposeId } from "../../../domain/compose/compose.ts";
import type { Image } from "../../../domain/image/image.ts";
import {
  lineOf,
  replacementAmong,
  type Line,
  type Replaceable,
  type Replacement,
} from "../../../domain/image/replacement.ts";
import { orderOf } from "../../../domain/image/stream.ts";
import type { Instant } from "../../../domain/time.ts";
import type { Schedule } from "../../../ports/index.ts";

/** Composes of a stream, and images of each in a region, that are looked through: what is older goes sooner. */
const MOST_NEWER = 5;
const MOST_OF_COMPOSE = 50;

interface Search {
  readonly now: Instant;
  readonly soonMs: number;
  readonly keepNewest: number;
}

/** What is wanted of one stream in one region. */
interface Wanted {
  readonly region: string;
  readonly stream: string;
  readonly images: { readonly image: Replaceable; readonly line: Line }[];
}

/** As `Schedule.replacements`: a stream, and a compose of it, is read once a region, however many images are asked for. */
export async function findReplacements(
  images: readonly Replaceable[],
  search: Search,
  reader: Pick<Schedule, "newest" | "ofCompose">,
): Promise<readonly (Replacement | null)[]> {
  const found = new Map<Replaceable, Replacement>();
  const reading = new Map<string, Promise<readonly Image[]>>();
  const ofCompose = (composeId: string, region: string): Promise<readonly Image[]> => {
    const key = `${region} ${composeId}`;
    const candidates = reading.get(key) ?? reader.ofCompose(composeId, { region, most: MOST_OF_COMPOSE });
    reading.set(key, candidates);
    return candidates;
  };
  const searchStream = async ({ region, stream, images: wanted }: Wanted): Promise<void> => {
    for (const [index, composeId] of (await reader.newest(region, stream, MOST_NEWER)).entries()) {
      const id = parseComposeId(composeId);
      const order = id.ok ? orderOf(id.value) : 0;
      // The newest stands first: what is behind it is older still.
      const open = wanted.filter(({ image, line }) => !found.has(image) && line.order < order);
      if (open.length === 0) return;
      const candidates = await ofCompose(composeId, region);
      const staying = { ...search, isNewest: index < search.keepNewest };
      for (const { image, line } of open) {
        const other = replacementAmong(line, candidates, staying);
        if (other !== null) found.set(image, other);
      }
    }
  };
  await Promise.all(wantedOf(images).map(searchStream));
  return images.map((image) => found.get(image) ?? null);
}

/** By region and stream. */
function wantedOf(images: readonly Replaceable[]): readonly Wanted[] {
  const groups = new Map<string, Wanted>();
  for (const image of images) {
    const { region } = image;
    const line = lineOf(image);
    if (line === null) continue;
    const { stream } = line;
    const key = `${region} ${stream}`;
    const group = groups.get(key) ?? { region, stream, images: [] };
    group.images.push({ image, line });
    groups.set(key, group);
  }
  return [...groups.values()];
}
