import { failure, ok, warning, type Finding } from "./finding.ts";
import type { StoreCheckup } from "../ports/index.ts";

/** So many are named; the rest is counted. */
const MOST_NAMED = 5;

/**
 * Whether every key can be read, every record stands where its stage has it, and every image of a compose has a record. Walks
 * over all keys. Throws `UpstreamError`.
 */
export async function checkRecords({
  places,
  strangeThings,
}: Pick<StoreCheckup, "places" | "strangeThings">): Promise<readonly Finding[]> {
  const [misplaced, lost]: [Set<string>, Set<string>] = [new Set(), new Set()];
  let from: string | null = null;
  do {
    const walked: Awaited<ReturnType<typeof places.walk>> = await places.walk(from);
    for (const { image } of walked.misplaced) misplaced.add(`${image.region} ${image.amiId}`);
    for (const { region, amiId } of walked.lost) lost.add(`${region} ${amiId}`);
    from = walked.next;
  } while (from !== null);
  const strange = strangeThings();
  const findings = [
    ...strange.slice(0, MOST_NAMED).map(({ problem }) => failure("records", problem.replace(/^redis: /, ""))),
    ...(strange.length > MOST_NAMED
      ? [failure("records", `${strange.length - MOST_NAMED} more that cannot be read`, "clean-amis queue --refused")]
      : []),
    ...told(
      misplaced,
      "not in the right queue",
      "the service puts it there; clean-amis reconcile --apply does at once",
    ),
    ...told(lost, "of a known compose and without a record", "clean-amis backfill, or reconcile --apply"),
  ];
  return findings.length > 0
    ? findings
    : [ok("records", "every key can be read, and every record stands in its queue")];
}

function told(images: ReadonlySet<string>, what: string, remedy: string): readonly Finding[] {
  if (images.size === 0) return [];
  const names = [...images].slice(0, MOST_NAMED).join(", ");
  const more = images.size > MOST_NAMED ? ` and ${images.size - MOST_NAMED} more` : "";
  return [
    warning(
      "records",
      `${images.size === 1 ? "an image is" : `${images.size} images are`} ${what}: ${names}${more}`,
      remedy,
    ),
  ];
}
