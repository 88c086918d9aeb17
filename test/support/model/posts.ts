import type { Instant } from "../../../src/domain/time.ts";
import type { World } from "../world/world.ts";

/** When posts went up that name an image under a heading. */
export function postsOn({ pagure }: Pick<World, "pagure">, heading: string, amiId: string): readonly Instant[] {
  return pagure.journal.flatMap(({ created, at, form }) => {
    if (created === null) return [];
    const sections = Object.values(form)
      .flat()
      .flatMap((text) => text.split(/\n(?=## )/));
    return sections.some((text) => text.startsWith(`## ${heading} (`) && text.includes(amiId)) ? [at] : [];
  });
}
