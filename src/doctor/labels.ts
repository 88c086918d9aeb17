import { ok, warning, type Finding } from "./finding.ts";
import { refusalOf } from "../domain/plan/refusal.ts";
import { DAY_MS, type Instant } from "../domain/time.ts";
import type { StoreCheckup } from "../ports/index.ts";

interface Waiting {
  /** Images whose label no source confirms. */
  readonly unconfirmed: number;
  /** Images of whose compose too little is known to decide. */
  readonly undecided: number;
}

const SEE = "names them: see what the sources answer for their composes, such as 403 or a page for robots";

/**
 * Whether what must be known of composes becomes known: what has waited for a source's word for more than a day is counted,
 * because a source that answers 403 or a page for robots may do so for ever. Looks at every image. Throws `UpstreamError`.
 */
export async function checkLabels(
  { queues }: Pick<StoreCheckup, "queues">,
  now: () => Instant,
): Promise<readonly Finding[]> {
  const { unconfirmed, undecided } = await count(queues, now() - DAY_MS);
  const haveWaited = (images: number): string =>
    `${images === 1 ? "1 image has" : `${images} images have`} waited for more than a day`;
  const findings = [
    ...(unconfirmed === 0
      ? []
      : [
          warning(
            "labels",
            `${haveWaited(unconfirmed)} for a source to confirm the label, public until then`,
            `clean-amis queue --refused ${SEE}`,
          ),
        ]),
    ...(undecided === 0
      ? []
      : [
          warning(
            "labels",
            `${haveWaited(undecided)} for a source to tell what the compose is, public until then`,
            `clean-amis queue --stage unresolved ${SEE}`,
          ),
        ]),
  ];
  return findings.length > 0 ? findings : [ok("labels", "no image has waited for more than a day for a source's word")];
}

async function count(queues: StoreCheckup["queues"], before: Instant): Promise<Waiting> {
  let [unconfirmed, undecided] = [0, 0];
  for (const region of await queues.regions())
    for await (const amiIds of queues.live(region)) {
      const standings = await queues.stages(region, amiIds);
      unconfirmed += standings.filter((each) => refusalOf(each)?.code === "unanswered").length;
      const unresolved = amiIds.filter((_, index) => standings[index]?.stage === "unresolved");
      const images = unresolved.length === 0 ? [] : await queues.images(region, unresolved);
      undecided += images.filter(
        (image) => image !== null && !("strange" in image) && image.uploadedAt < before,
      ).length;
    }
  return { unconfirmed, undecided };
}
