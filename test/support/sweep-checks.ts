import type { JournalEntry } from "../../src/demo/ec2/journal.ts";
import { AMI, REGION, type Scene } from "./sweep-scene.ts";

const INTENT = "clean-amis:intent";
const PRIVATE_AT = "clean-amis:private-at";

/** Outcomes that are told, each with the heading that the public reads it under. */
const HEADINGS = { "made-private": "## Made private", deleted: "## Deleted", restored: "## Given back" } as const;
type Outcome = keyof typeof HEADINGS;

/** What the stream has to tell once, each when it happened. */
export const OUTCOMES: readonly string[] = ["noticed", ...Object.keys(HEADINGS)];

/** What must never happen to an image that nobody but us touches. */
const NEVER = ["refused", "failed", "held", "gone"];

/** What is wrong at any moment, also right after a kill: an empty list when all is well. */
export async function wrongNow(scene: Scene): Promise<string[]> {
  const image = scene.image();
  const snapshots = scene.simulator.snapshots(REGION);
  const { stage = "none" } = await scene.record();
  const queues = [...(await scene.queues()).keys()];
  const wrong: string[] = [];
  const must = (isRight: boolean, sentence: string): unknown => isRight || wrong.push(sentence);
  must(queues.length <= 1, `it waits in ${queues.join(" and ")}`);
  const isStanding = image.state === "available";
  if (isStanding && !image.permission.isPublic) must(INTENT in image.tags, "private, and without our tag");
  if (isStanding)
    for (const { id, permission, tags } of snapshots)
      must(permission.isPublic || INTENT in tags, `${id} is private, and without our tag`);
  if (!isStanding) must(stage === "deleting" || stage === "deleted", `deregistered, and its stage is ${stage}`);
  const open = [image, ...snapshots].filter(({ permission }) => permission.isPublic).map(({ id }) => id);
  if (stage === "private" || stage === "deleted")
    must(open.length === 0, `stage ${stage}, and public: ${open.join(", ")}`);
  if (stage === "private") must(PRIVATE_AT in image.tags, `stage private, and without ${PRIVATE_AT}`);
  if (stage === "deleted") must(!isStanding && snapshots.length === 0, "stage deleted, and something is left");
  const closed = [image, ...snapshots].filter(
    (thing) => !thing.permission.isPublic || Object.keys(thing.tags).length > 0,
  );
  if (stage === "kept")
    must(closed.length === 0, `stage kept, and private or tagged: ${closed.map(({ id }) => id).join(", ")}`);
  return wrong;
}

/** What is wrong at the end of the journey; `outcomes` are those that the scene's own run has to tell, in order. */
export async function wrongAtEnd(
  scene: Scene,
  end: { readonly stage: string; readonly before: readonly string[]; readonly outcomes: readonly string[] },
): Promise<string[]> {
  const wrong = await wrongNow(scene);
  const { stage, delete_at: deleteAt = "" } = await scene.record();
  if (stage !== end.stage) wrong.push(`its stage is ${String(stage)}, not ${end.stage}`);
  const { what } = await scene.events();
  const told = what.slice(end.before.length).filter((kind) => OUTCOMES.includes(kind));
  const twice = told.filter((kind, index) => told.indexOf(kind) !== index);
  if (twice.length > 0) wrong.push(`the stream tells twice ${twice.join()}`);
  if (told.join() !== end.outcomes.join()) wrong.push(`the stream tells ${told.join()}, not ${end.outcomes.join()}`);
  const never = what.filter((kind) => NEVER.includes(kind));
  if (never.length > 0) wrong.push(`the stream tells ${never.join()}`);
  for (const [outcome, heading] of Object.entries(HEADINGS) as [Outcome, string][]) {
    const posts = postsOf(scene, heading);
    const expected = end.outcomes.includes(outcome) ? 1 : 0;
    if (posts !== expected) wrong.push(`${outcome} was posted ${posts} times, not ${expected}`);
  }
  const early = deregistrations(scene).filter(({ at }) => at < earliest(scene, deleteAt));
  if (early.length > 0) wrong.push(`deregistered ${earliest(scene, deleteAt) - (early[0]?.at ?? 0)} ms early`);
  return wrong;
}

function postsOf(scene: Scene, heading: string): number {
  const sections = scene.posts().flatMap((text) => text.split(/\n(?=## )/));
  return sections.filter((section) => section.startsWith(heading) && section.includes(AMI)).length;
}

function deregistrations(scene: Scene): readonly JournalEntry[] {
  return scene.simulator.journal.of("DeregisterImage");
}

/** By the record, and by the public post itself where this scene saw it. */
function earliest(scene: Scene, deleteAt: string): number {
  const notice = scene.pagure.journal.find(
    ({ form, created }) => created !== null && JSON.stringify(form).includes(HEADINGS["made-private"]),
  );
  return Math.max(Date.parse(deleteAt), (notice?.at ?? 0) + (notice === undefined ? 0 : scene.deleteAfterMs));
}
