import type { Image } from "../domain/image/image.ts";
import type { Instant } from "../domain/time.ts";
import { guardText, isAltered, isReleased } from "../domain/released/guard.ts";
import { RefusedError } from "../errors.ts";
import { iso } from "./json.ts";
import type { GuardRounds, Queues } from "../ports/index.ts";

/** Who reads of the released images. */
interface ReleasedReader {
  readonly queues: Pick<Queues, "regions" | "live" | "stages" | "images">;
  readonly guardRounds: Pick<GuardRounds, "all">;
}

/** A released image, and how it stands. */
export interface Released {
  readonly image: Image;
  /** When the images of its region were looked at last; null: never. */
  readonly lookedAt: Instant | null;
  readonly isAltered: boolean;
  /** In a few words. */
  readonly stands: string;
}

/**
 * The released images that the service knows, region by region, in pieces; `regions` null: of all. `tell` is told what of ours
 * cannot be read. Throws `UpstreamError`, and `RefusedError` when the regions themselves cannot be read.
 */
export async function* listReleased(
  regions: readonly string[] | null,
  { queues, guardRounds }: ReleasedReader,
  tell: (problem: string) => void,
): AsyncGenerator<readonly Released[], void> {
  const known = await queues.regions();
  const rounds = await guardRounds.all();
  for (const region of known.filter((name) => regions === null || regions.includes(name)).sort()) {
    try {
      for await (const amiIds of queues.live(region)) {
        const stages = await queues.stages(region, amiIds);
        const kept = amiIds.filter((_, index) => stages[index]?.stage === "kept");
        const found = await queues.images(region, kept);
        yield found.flatMap((image): Released[] => {
          if (image === null || "strange" in image || !isReleased(image)) return [];
          const lookedAt = rounds.get(region) ?? null;
          return [{ image, lookedAt, isAltered: isAltered(image), stands: guardText(image, lookedAt) }];
        });
      }
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      tell(error.message);
    }
  }
}

/** What `schemas/guard.json` describes. */
export function releasedJson({ image, lookedAt, isAltered, stands }: Released): object {
  const { region, amiId, composeId, imageName, arch, rule, missedAt } = image;
  return {
    region,
    ami: amiId,
    compose_id: composeId,
    image_name: imageName,
    arch,
    rule,
    looked_at: iso(lookedAt),
    missed_at: iso(missedAt),
    altered: isAltered,
    stands,
  };
}
