import { ok, warning, type Finding } from "./finding.ts";
import { refusalOf } from "../domain/plan/refusal.ts";
import type { StoreCheckup } from "../ports/index.ts";

/**
 * Whether labels get confirmed: what has waited for a source's word for more than a day is counted, because a source that
 * answers 403 or a page for robots may do so for ever. Reads the last error of every image. Throws `UpstreamError`.
 */
export async function checkLabels({ queues }: Pick<StoreCheckup, "queues">): Promise<readonly Finding[]> {
  let waiting = 0;
  for (const region of await queues.regions())
    for await (const amiIds of queues.live(region))
      for (const standing of await queues.stages(region, amiIds))
        if (refusalOf(standing)?.code === "unanswered") waiting += 1;
  if (waiting === 0) return [ok("labels", "no image waits for more than a day for its label to be confirmed")];
  const images = waiting === 1 ? "1 image has" : `${waiting} images have`;
  return [
    warning(
      "labels",
      `${images} waited for more than a day for a source to confirm the label, public until then`,
      "clean-amis queue --refused names them and the source: see what it answers there, such as 403 or a page for robots",
    ),
  ];
}
