import type { CastImage } from "../cast/cast.ts";
import type { Fate } from "../cast/fates.ts";

/** A call that EC2 was asked for, as far as judging needs it. */
export interface Call {
  readonly at: number;
  readonly region: string;
  readonly action: string;
  readonly mutating: boolean;
  /** Null when the call had its effect. */
  readonly errorCode: string | null;
  /** Every value of every parameter, joined by blanks: an id that it names stands in it. */
  readonly words: string;
}

/** A post that the public can read. */
export interface Post {
  readonly at: number;
  readonly text: string;
}

/** What EC2 holds of an image in the end. */
export interface Remains {
  readonly isStanding: boolean;
  readonly isPublic: boolean;
  /** Tags of ours on the image and on its snapshots. */
  readonly ourTags: readonly string[];
  readonly snapshots: readonly { readonly id: string; readonly isStanding: boolean; readonly isPublic: boolean }[];
}

/** Everything that was observed from outside the service. */
export interface Evidence {
  readonly calls: readonly Call[];
  readonly posts: readonly Post[];
  readonly remainsOf: (image: CastImage) => Remains;
  /** The stage that Redis shows; null: Redis knows nothing of it. */
  readonly stageOf: (image: CastImage) => string | null;
  /** When the messages were sent that come over the bus, and those that only the archive has. */
  readonly announcedAt: Readonly<Record<CastImage["heardFrom"], number>>;
  readonly dayMs: number;
  readonly rejected: number;
  readonly expectedRejected: number;
  /** Messages that still wait in the queue. */
  readonly unheard: number;
}

const STAGE_OF: Readonly<Record<Fate, string>> = {
  deleted: "deleted",
  kept: "kept",
  restored: "kept",
  held: "held",
  refused: "public",
  missing: "public",
};

/** Every way in which what happened differs from what had to happen, one sentence each. */
export function violationsIn(images: readonly CastImage[], evidence: Evidence): readonly string[] {
  const found = images.flatMap((image) =>
    judge(image, evidence).map((what) => `${image.region} ${image.amiId} (${image.because}): ${what}`),
  );
  if (evidence.rejected !== evidence.expectedRejected)
    found.push(`rejected messages: ${evidence.rejected}, expected ${evidence.expectedRejected}`);
  if (evidence.unheard > 0) found.push(`${evidence.unheard} messages were never acknowledged`);
  return found;
}

function judge(image: CastImage, evidence: Evidence): string[] {
  const stage = evidence.stageOf(image);
  const wrong = stage === STAGE_OF[image.fate] ? [] : [`stage ${stage ?? "none"}, expected ${STAGE_OF[image.fate]}`];
  const posts = sightings(image.amiId, evidence.posts);
  for (const heading of ["Made private", "Deleted"])
    if (posts.filter((post) => post.heading === heading).length > 1) wrong.push(`reported twice under ${heading}`);
  switch (image.fate) {
    case "deleted":
      return [...wrong, ...judgeDeleted(image, evidence, posts)];
    case "restored":
      return [...wrong, ...judgeRestored(image, evidence)];
    case "held":
      return [...wrong, ...judgeHeld(image, evidence, posts)];
    case "kept":
    case "refused":
    case "missing":
      return [...wrong, ...judgeUntouched(image, evidence, posts)];
  }
}

function judgeDeleted(image: CastImage, evidence: Evidence, posts: readonly Sighting[]): string[] {
  const wrong: string[] = [];
  const remains = evidence.remainsOf(image);
  const { calls, dayMs, announcedAt } = evidence;
  if (remains.isStanding) wrong.push("still there");
  const shared = image.oddity === "shared-snapshot" ? image.snapshotIds.at(-1) : undefined;
  for (const { id, isStanding } of remains.snapshots) {
    if (isStanding && id !== shared) wrong.push(`snapshot ${id} was left behind`);
    if (!isStanding && id === shared) wrong.push(`snapshot ${id} was deleted under another image`);
  }
  const closed = callsNaming(image.amiId, calls).find((call) => call.action === "ModifyImageAttribute");
  if (closed === undefined) wrong.push("was never made private");
  else if (closed.at < announcedAt[image.heardFrom] + 5 * dayMs) wrong.push("made private before five days had passed");
  const noticedAt = posts.find((post) => post.heading === "Made private")?.at;
  const gone = callsNaming(image.amiId, calls).find((call) => call.action === "DeregisterImage");
  if (noticedAt === undefined) wrong.push("the public was never told that it is private");
  else if (gone !== undefined && gone.at < noticedAt + 10 * dayMs)
    wrong.push("deleted before ten days had passed since the notice");
  if (!posts.some((post) => post.heading === "Deleted")) wrong.push("its deletion was not reported");
  return wrong;
}

function judgeRestored(image: CastImage, evidence: Evidence): string[] {
  const remains = evidence.remainsOf(image);
  const wrong: string[] = [];
  if (!remains.isStanding) wrong.push("deleted");
  if (!remains.isPublic || remains.snapshots.some(({ isPublic }) => !isPublic)) wrong.push("not given back whole");
  if (remains.ourTags.length > 0) wrong.push(`tags left behind: ${remains.ourTags.join(", ")}`);
  if (!callsNaming(image.amiId, evidence.calls).some((call) => call.action === "ModifyImageAttribute"))
    wrong.push("was never made private, so the late release proved nothing");
  return wrong;
}

function judgeHeld(image: CastImage, { remainsOf, calls, posts }: Evidence, sightings: readonly Sighting[]): string[] {
  const { isStanding, isPublic, ourTags, snapshots } = remainsOf(image);
  const wrong: string[] = [];
  if (!isStanding || snapshots.some((snapshot) => !snapshot.isStanding))
    wrong.push("deleted, though somebody objected");
  if (isPublic || !callsNaming(image.amiId, calls).some((call) => call.action === "ModifyImageAttribute"))
    wrong.push("is not private, so the objection proved nothing");
  if (!ourTags.includes("clean-amis:hold")) wrong.push("EC2 does not show that it is held");
  const answers = posts.filter(({ text }) => text.startsWith("Answer to") && text.includes(image.amiId));
  if (answers.length !== 1) wrong.push(`the objection was answered ${answers.length} times, not once`);
  if (!answers.some(({ text }) => text.includes(": held; "))) wrong.push("the answer does not say that it is held");
  if (!sightings.some(({ heading }) => heading === "Held")) wrong.push("that it is held was not reported");
  return wrong;
}

function judgeUntouched(image: CastImage, { calls }: Evidence, posts: readonly Sighting[]): string[] {
  const wrong = [image.amiId, ...image.snapshotIds].flatMap((id) =>
    callsNaming(id, calls).map((call) => `touched by ${call.action}`),
  );
  const isTold = posts.some((post) => post.heading !== "Made private" && post.heading !== "Deleted");
  if (image.fate === "refused" && !isTold) wrong.push("its refusal was not reported");
  return wrong;
}

function callsNaming(id: string, calls: readonly Call[]): Call[] {
  return calls.filter((call) => call.mutating && call.errorCode === null && call.words.includes(id));
}

interface Sighting {
  readonly heading: string;
  readonly at: number;
}

/** Where an id stands in the posts: under which heading, and since when. */
function sightings(id: string, posts: readonly Post[]): Sighting[] {
  return posts.flatMap(({ at, text }) => {
    let heading = "";
    return text.split("\n").flatMap((line) => {
      heading = /^## (?<title>[^(:]+?)(?: \(|:|$)/.exec(line)?.groups?.["title"] ?? heading;
      return line.startsWith("|") && line.includes(id) ? [{ heading, at }] : [];
    });
  });
}
