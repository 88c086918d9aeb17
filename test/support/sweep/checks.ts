import { AMI, SNAPSHOTS } from "./image.ts";
import { REGION, type Scene } from "./scene.ts";

const INTENT = "clean-amis:intent";
const PRIVATE_AT = "clean-amis:private-at";

/** Outcomes that are told, each with the heading that the public reads it under. */
const HEADINGS = { "made-private": "## Made private", deleted: "## Deleted", restored: "## Given back" } as const;
type Outcome = keyof typeof HEADINGS;

/** Whether the stream has to tell this once, when it happened. */
export function isOutcome(what: string): boolean {
  return ["noticed", "deleting", ...Object.keys(HEADINGS)].includes(what);
}

/** What must never happen to an image that nobody but us touches. */
const NEVER = ["refused", "failed", "held", "gone"];

/** The stage that an image is in right after an event, in these scenes. */
const AFTER: Readonly<Record<string, string>> = {
  scheduled: "public",
  decided: "kept",
  "made-private": "private",
  noticed: "private",
  deleting: "deleting",
  deleted: "deleted",
  restoring: "restoring",
  restored: "kept",
};
/** The queue that an image waits in; a private one waits for its notice first, and then in `delete`. */
const WAITS_IN: Readonly<Record<string, string>> = { public: "private", deleting: "delete", restoring: "restore" };

type Must = (isRight: boolean, sentence: string) => void;

/** What is wrong at any moment, also right after a kill: an empty list when all is well. */
export async function wrongNow(scene: Scene): Promise<string[]> {
  const wrong: string[] = [];
  const must: Must = (isRight, sentence) => {
    if (!isRight) wrong.push(sentence);
  };
  const { stage = "none", delete_at: deleteAt = "" } = await scene.record();
  const { all } = await scene.events();
  const last = all.at(-1)?.["what"] ?? "nothing";
  must(AFTER[last] === stage, `its stage is ${stage}, and the stream tells last ${last}`);
  const queues = [...(await scene.queues()).keys()].join(" and ");
  const expected = stage === "private" && deleteAt !== "" ? "delete" : (WAITS_IN[stage] ?? "");
  must(queues === expected, `stage ${stage}, delete_at "${deleteAt}", and it waits in "${queues}"`);
  must((await scene.isCounted()) === (stage !== "deleted"), `stage ${stage}, and it counts as if it were not`);
  checkEc2(scene, stage, must);
  return wrong;
}

/** Tags and permissions, by the stage that Redis has. */
function checkEc2(scene: Scene, stage: string, must: Must): void {
  const image = scene.image();
  const isStanding = image.state === "available";
  const snapshots = SNAPSHOTS.flatMap(({ id, isPublic }) => {
    const now = scene.simulator.snapshot(REGION, id);
    if (now === null) must(!isStanding, `${id} is gone, and its image is not`);
    return now === null ? [] : [{ ...now, wasPublic: isPublic }];
  });
  const things = [...(isStanding ? [{ ...image, wasPublic: true }] : []), ...snapshots];
  for (const { id, permission, tags, wasPublic } of things) {
    must(permission.userIds.join() === SNAPSHOTS[0]?.userIds.join(), `${id} has lost its explicit share`);
    must(wasPublic || !permission.isPublic, `${id} is public, and was not`);
    if (!isStanding) continue;
    must(!wasPublic || permission.isPublic || INTENT in tags, `${id} is private, and without our tag`);
    if (stage === "private" || stage === "deleting") {
      must(!permission.isPublic, `${id} is public in stage ${stage}`);
      must(INTENT in tags && PRIVATE_AT in tags, `${id} is without our tags in stage ${stage}`);
    }
    if (stage === "kept") {
      must(permission.isPublic === wasPublic, `${id} is not as public as it was, and kept`);
      must(Object.keys(tags).length === 0, `${id} is tagged, and kept: ${Object.keys(tags).join()}`);
    }
  }
  must(isStanding || stage === "deleting" || stage === "deleted", `deregistered, and its stage is ${stage}`);
  if (stage === "deleted") must(!isStanding, "stage deleted, and it stands");
  if (stage === "deleted") must(snapshots.length === 0, `left behind: ${snapshots.map(({ id }) => id).join()}`);
}

/** How a journey has to end. */
export interface End {
  readonly stage: string;
  /** How many events the stream had before. */
  readonly before: number;
  /** What the scene's own run has to tell, in order. */
  readonly outcomes: readonly string[];
}

/** What is wrong at the end of the journey. */
export async function wrongAtEnd(scene: Scene, end: End): Promise<string[]> {
  const wrong = await wrongNow(scene);
  const { stage } = await scene.record();
  if (stage !== end.stage) wrong.push(`its stage is ${String(stage)}, not ${end.stage}`);
  const events = (await scene.events()).all;
  const what = events.map((event) => event["what"] ?? "");
  const told = what.slice(end.before).filter(isOutcome);
  if (told.join() !== end.outcomes.join()) wrong.push(`the stream tells ${told.join()}, not ${end.outcomes.join()}`);
  const never = what.filter((kind) => NEVER.includes(kind));
  if (never.length > 0) wrong.push(`the stream tells ${never.join()}`);
  for (const [outcome, heading] of Object.entries(HEADINGS) as [Outcome, string][]) {
    const posts = postsOf(scene, heading);
    const expected = end.outcomes.includes(outcome) ? 1 : 0;
    if (posts !== expected) wrong.push(`${outcome} was posted ${posts} times, not ${expected}`);
  }
  for (const event of events.slice(end.before)) wrong.push(...wrongDetails(event));
  return [...wrong, ...(await wrongDeletion(scene))];
}

/** What the events say beside their names. */
function wrongDetails(event: Readonly<Record<string, string>>): string[] {
  if (event["what"] === "made-private") {
    const taken = JSON.parse(event["taken_away"] ?? "{}") as { image?: boolean; snapshots?: string[] };
    const open = SNAPSHOTS.flatMap(({ id, isPublic }) => (isPublic ? [id] : []));
    const isWhole = taken.image === true && taken.snapshots?.toSorted().join() === open.join();
    return isWhole ? [] : [`made-private tells of ${String(event["taken_away"])}`];
  }
  if (event["what"] !== "deleted") return [];
  const results = JSON.parse(event["snapshots"] ?? "{}") as Record<string, string>;
  const isWhole = SNAPSHOTS.every(({ id }) => ["deleted", "gone"].includes(results[id] ?? ""));
  return isWhole ? [] : [`deleted tells of ${String(event["snapshots"])}`];
}

function postsOf(scene: Scene, heading: string): number {
  const sections = scene.posts().flatMap((text) => text.split(/\n(?=## )/));
  return sections.filter((section) => section.startsWith(heading) && section.includes(AMI)).length;
}

/** Nothing irreversible before the record's deadline, nor before what the public was told, where this scene saw that. */
async function wrongDeletion(scene: Scene): Promise<string[]> {
  const { delete_at: deleteAt = "" } = await scene.record();
  const { entries } = scene.simulator.journal;
  const closed = entries.findLast(({ action, effect }) => action === "ModifyImageAttribute" && effect !== null);
  const notice = scene.forge.journal.find(
    ({ form, created }) => created !== null && JSON.stringify(form).includes(HEADINGS["made-private"]),
  );
  const since = [closed?.at, notice?.at].flatMap((at) => (at === undefined ? [] : [at + scene.deleteAfterMs]));
  const earliest = Math.max(Date.parse(deleteAt), ...since);
  const first = entries.find(({ action }) => action === "DeregisterImage" || action === "DeleteSnapshot");
  if (first === undefined) return [];
  return first.at >= earliest ? [] : [`${first.action} came ${earliest - first.at} ms early`];
}

/** What a person needs to know of a journey that went wrong. */
export async function storyOf(scene: Scene): Promise<string> {
  const { all } = await scene.events();
  const changes = scene.simulator.journal.mutating().map(({ action, at }) => `${new Date(at).toISOString()} ${action}`);
  const headings = scene.posts().flatMap((text) => text.match(/^## .*$/gm) ?? []);
  return JSON.stringify({ record: await scene.record(), events: all, changes, headings });
}
