import type { ForgeIssue } from "../../../../src/demo/outside/tracker.ts";
import type { Instant } from "../../../../src/domain/time.ts";

/** That the public can read of an image, under which heading, and since when. */
export interface Told {
  readonly amiId: string;
  readonly section: string;
  readonly at: Instant;
  readonly issueId: number;
}

/** What a forge's page tells, read by this test's own eyes: a heading with a number in brackets, and rows below it. */
export function toldIn(issues: readonly ForgeIssue[]): readonly Told[] {
  return issues.flatMap(({ id: issueId, content, createdAt, comments }) =>
    [{ text: content, createdAt }, ...comments].flatMap(({ text, createdAt: at }) =>
      readPost(text).map((row) => ({ ...row, at, issueId })),
    ),
  );
}

function readPost(text: string): readonly Pick<Told, "amiId" | "section">[] {
  let section = "";
  return text.split("\n").flatMap((line) => {
    if (line.startsWith("## ")) section = /^## (?<name>[^(]+?) \(\d+\)$/.exec(line)?.groups?.["name"] ?? "";
    const amiId = /^\| \S+ \| `(?<id>ami-\w+)` \|/.exec(line)?.groups?.["id"];
    return amiId === undefined || section === "" ? [] : [{ amiId, section }];
  });
}
