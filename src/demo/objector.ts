import type { CastImage } from "./cast/cast.ts";
import type { ForgeDouble } from "./outside/forge.ts";

export const PROJECT = "fedora-cloud/ami-reports";
/** Somebody with an account and no rights. */
const SOMEBODY = "cloud-image-user";
const LOOK_MS = 200;

/** What is said for an image, and what must be answered. */
function objectionTo(image: Pick<CastImage, "amiId">): string {
  return `Hello, please hold ${image.amiId} because our installer tests start from it`;
}

/** An answer that says that the image is held; null as long as there is none. */
export function answerTo(
  { amiId }: Pick<CastImage, "amiId">,
  { tracker }: Pick<ForgeDouble, "tracker">,
): string | null {
  const texts = tracker.issues(PROJECT).flatMap(({ comments }) => comments.map(({ text }) => text));
  return texts.find((text) => text.startsWith("Answer to") && text.includes(amiId) && text.includes("held")) ?? null;
}

/**
 * Somebody reads the reports, and objects in a comment as soon as they name an image of the fate "held". Resolves when all are
 * named, or at `stop`.
 */
export async function objectAsSoonAsTold(
  images: readonly CastImage[],
  { tracker }: Pick<ForgeDouble, "tracker">,
  wait: (ms: number) => Promise<void>,
  stop: AbortSignal,
): Promise<void> {
  const left = new Set(images.filter(({ fate }) => fate === "held"));
  while (left.size > 0 && !stop.aborted) {
    for (const issue of tracker.issues(PROJECT))
      for (const image of left)
        if ([issue.content, ...issue.comments.map(({ text }) => text)].some((text) => text.includes(image.amiId))) {
          left.delete(image);
          tracker.comment(PROJECT, issue.id, SOMEBODY, objectionTo(image));
        }
    await wait(LOOK_MS);
  }
}
