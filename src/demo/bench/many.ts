import { DAY_MS, dayOf, MINUTE_MS, type Instant } from "../../domain/time.ts";
import type { Upload } from "../../domain/image/upload.ts";
import type { Schedule } from "../../ports/index.ts";

const REGIONS = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1"];
const AT_ONCE = 1000;

/** The id of the nightly with that number. */
export function manyAmi(number: number): string {
  return `ami-${number.toString(16).padStart(17, "0")}`;
}

/** The nightly with that number, of about `now`. */
export function imageOfMany(number: number, now: Instant): Upload {
  const uploadedAt = now - 5 * DAY_MS + (number % 40_000) * MINUTE_MS;
  const day = dayOf(uploadedAt).replaceAll("-", "");
  return {
    region: REGIONS[number % REGIONS.length] ?? "",
    amiId: manyAmi(number),
    composeId: `Fedora-Rawhide-${day}.n.${number % 20}`,
    imageName: `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${day}.${number}`,
    arch: "x86_64",
    uploadedAt,
  };
}

/** Adds nightlies number `from` up to, not including, `to`: in five regions, a minute apart, each of its day's composes. */
export async function addMany(
  schedule: Pick<Schedule, "add">,
  { from, to, now }: { readonly from: number; readonly to: number; readonly now: Instant },
): Promise<void> {
  const add = (number: number): Promise<unknown> =>
    schedule.add(imageOfMany(number, now), { kind: "delete", rule: "nightly", reason: "a nightly compose" }, "bench");
  for (let at = from; at < to; at += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, to - at) }, (_, index) => add(at + index)));
}
