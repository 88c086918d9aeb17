import { dayOf, SECOND_MS, type Instant } from "../../../domain/time.ts";
import type { Upload } from "../../../domain/image/upload.ts";
import type { Schedule } from "../../../ports/index.ts";

/** Those that Fedora's uploader copies to. */
export const REGIONS: readonly string[] = [
  ...["us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"],
  ...["eu-north-1", "eu-south-1", "ap-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
  ...["ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "sa-east-1", "ca-central-1", "af-south-1", "me-south-1"],
];
/** A compose has four images, in each region. */
const IMAGES_OF_A_COMPOSE = 4;
const ADDED_AT_ONCE = 1000;

/** Nightlies number `from` up to, not including, `to`, over the regions in turn; all were uploaded at `at`. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly at: Instant;
  readonly regions: readonly string[];
}

/** Enters them. */
export async function addNightlies(schedule: Pick<Schedule, "addAll">, stretch: Stretch): Promise<void> {
  const all = nightlies(stretch);
  const decision = { kind: "delete", rule: "nightly", reason: "a nightly compose" } as const;
  for (let start = 0; start < all.length; start += ADDED_AT_ONCE) {
    const some = all.slice(start, start + ADDED_AT_ONCE);
    await schedule.addAll(
      some.map((upload) => ({ upload, decision })),
      "bench",
    );
  }
}

export function nightlies({ from, to, at, regions }: Stretch): readonly (Upload & { readonly imageName: string })[] {
  return Array.from({ length: to - from }, (_, place) => nightly(from + place, at, regions));
}

function nightly(number: number, at: Instant, regions: readonly string[]) {
  const compose = Math.floor(number / (IMAGES_OF_A_COMPOSE * regions.length));
  const uploadedAt = Math.floor(at / SECOND_MS) * SECOND_MS;
  const day = dayOf(uploadedAt).replaceAll("-", "");
  return {
    region: regions[number % regions.length] ?? "",
    amiId: `ami-${number.toString(16).padStart(17, "0")}`,
    composeId: `Fedora-Rawhide-${day}.n.${compose}`,
    imageName: `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${day}.n.${compose}`,
    arch: "x86_64",
    uploadedAt,
  };
}
