import { FORMS } from "./forms.ts";
import { SECTIONS, type Section } from "./sections.ts";

/** The images that a post names, by section; what it only repeats is left out. Total. */
export function toldIn(post: string): readonly ToldImage[] {
  const told: ToldImage[] = [];
  let section: Section | null = null;
  for (const line of post.split(/\r?\n/)) {
    const heading = /^## (?<heading>.+) \(\d+\)$/.exec(line)?.groups?.["heading"];
    if (line.startsWith("## ")) section = SECTIONS.find((each) => FORMS[each].heading === heading) ?? null;
    const row = /^\| (?<region>[a-z0-9-]+) \| `(?<amiId>ami-[0-9a-f]+)` \|/.exec(line)?.groups;
    if (section !== null && row !== undefined)
      told.push({ section, region: row["region"] ?? "", amiId: row["amiId"] ?? "" });
  }
  return told;
}

/** That a post tells of an image. */
export interface ToldImage {
  readonly section: Section;
  readonly region: string;
  readonly amiId: string;
}
