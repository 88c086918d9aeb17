import { isOutcome, storyOf, wrongAtEnd, wrongNow, type End } from "./checks.ts";
import { CallCounter, isChange, KILLS, type Act, type Moment, type Point } from "./point.ts";
import type { Run } from "./program.ts";
import { REGION, Scene, type SceneOptions, type Standing } from "./scene.ts";

/** One for all: a deadline that another scene had set would come before this one's tag is old enough. */
const SOON = "2s";
/** Passes after the disturbed one; more are not needed: one per stage, one per report. */
const MOST_PASSES = 8;

/** From which a scene of each act begins, and the calls that a pass makes there, undisturbed. */
export interface Recording {
  readonly standing: Standing;
  readonly calls: readonly string[];
}
export type Recordings = Readonly<Record<Act, Recording>>;

/** What scenes share: a Redis, and the process that every pass runs in that is not to be killed. */
export type Shared = Pick<SceneOptions, "redis" | "host" | "forge">;

/** Brings an image to each act by the program's own commands, and counts the calls of that act. */
export async function record(shared: Shared): Promise<Recordings> {
  const standings = await prepare(shared);
  const all = () =>
    Promise.all([
      recordAct(shared, "make private", standings),
      recordAct(shared, "delete", standings),
      recordAct(shared, "restore", standings),
    ]);
  // A script that Redis does not know yet costs one call more.
  await all();
  const [makePrivate, deletion, restore] = await all();
  return { "make private": makePrivate, delete: deletion, restore };
}

async function recordAct(shared: Shared, act: Act, standings: Record<Act, Standing>): Promise<Recording> {
  const scene = await Scene.open(optionsOf(shared, act, "received"), standings[act]);
  try {
    await scene.untilDue();
    const counter = new CallCounter(`{${REGION}}`, null, () => Promise.resolve());
    await scene.watchedPass(counter.watch, async ({ ended }) => {
      const { code, says } = await ended;
      if (code !== 0) throw new Error(`the recording of ${act} ended with ${String(code)}: ${says}`);
    });
    const { stage } = await scene.record();
    if (stage !== DONE[act]) throw new Error(`the recording of ${act} ended in stage ${String(stage)}`);
    return { standing: standings[act], calls: counter.names };
  } finally {
    await scene.close();
  }
}

const DONE = { "make private": "private", delete: "deleted", restore: "kept" } as const;

async function prepare(shared: Shared): Promise<Record<Act, Standing>> {
  const scene = await Scene.open({ ...shared, deleteAfter: SOON });
  try {
    await scene.announce();
    const heard = await scene.standing();
    await scene.pass();
    const noticed = await scene.standing();
    await scene.release();
    return { "make private": heard, delete: noticed, restore: await scene.standing() };
  } finally {
    await scene.close();
  }
}

function optionsOf(shared: Shared, act: Act, moment: Moment): SceneOptions {
  // What happens to an image that was just made private is seen best while it stays so.
  const staysPrivate = act === "make private" && moment === "overtaken";
  return { ...shared, deleteAfter: staysPrivate ? "1h" : SOON };
}

/**
 * All points of an act and a moment. A release is heard only where something is taken away. A process that is killed at a
 * call which only reads leaves what one leaves that was killed at the change before it; it is killed at changes, and at the
 * first call.
 */
export function pointsOf(recordings: Recordings, act: Act, moment: Moment): Point[] {
  if (isReleased(moment) && act === "restore") return [];
  const { calls } = recordings[act];
  const points = calls
    .map((name, index) => ({ act, moment, call: index + 1, name }))
    .filter(({ call, name }) => !isKill(moment) || call === 1 || isChange(name))
    .map(({ call }) => ({ act, moment, call }));
  // Who is stopped after it confirmed the reporter's lease posts once more than the one that overtakes it: no lease is a fence.
  const report = calls.findIndex((name) => name.includes(":reporter:"));
  return moment === "overtaken" && report >= 0 ? points.filter(({ call }) => call <= report) : points;
}

/** What came of a point. */
export interface Lived {
  readonly wrong: readonly string[];
  /** What it met there; another call than the recording had where two went out at once. */
  readonly call: string;
  /** What happened in all, for whoever looks for the reason; empty when nothing is wrong. */
  readonly story: string;
}

/** Questions that go out as one in one pass, and apart in another, make so many calls more or fewer. */
const FEW = 8;

/** Lives through one point, to the end of the image's journey; if its pass had ended by then, one that is a few calls earlier. */
export async function live(shared: Shared, point: Point, recording: Recording): Promise<Lived> {
  const lived = await liveOnce(shared, point, recording);
  const isNear = lived.made < point.call && lived.made > recording.calls.length - FEW;
  return isNear ? liveOnce(shared, { ...point, call: point.call - FEW }, recording) : lived;
}

async function liveOnce(shared: Shared, point: Point, { standing }: Recording): Promise<Lived & { made: number }> {
  const scene = await Scene.open(optionsOf(shared, point.act, point.moment), standing);
  const wrong = new Set<string>();
  let met: Pick<Disturbed, "call" | "made"> = { call: "none", made: Infinity };
  try {
    met = await journey(scene, point, wrong);
  } catch (error) {
    wrong.add(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  try {
    return { wrong: [...wrong], ...met, story: wrong.size === 0 ? "" : await storyOf(scene) };
  } finally {
    await scene.close();
  }
}

async function journey(scene: Scene, point: Point, wrong: Set<string>): Promise<Disturbed> {
  const note = (sentences: readonly string[]): void => {
    for (const each of sentences) wrong.add(each);
  };
  const before = (await scene.events()).all.length;
  await scene.untilDue();
  const disturbed = await disturb(scene, point);
  note(disturbed.wrong);
  note(await wrongNow(scene));
  note(await scene.expireLeases());
  const end = disturbed.end ?? endOf(point, before);
  for (let passes = 0; !(await isOver(scene, end.stage)) && passes < MOST_PASSES; passes += 1) {
    await scene.pass();
    note(await wrongNow(scene));
    if (!(await isOver(scene, end.stage))) await scene.untilDue();
  }
  if (!(await isOver(scene, end.stage))) wrong.add(`not ${end.stage} and told after ${MOST_PASSES} passes`);
  note(await wrongAtEnd(scene, end));
  return disturbed;
}

async function isOver(scene: Scene, stage: string): Promise<boolean> {
  return (await scene.record())["stage"] === stage && (await scene.events()).isTold;
}

/** Where the journey ends, and what has to be told on the way. */
function endOf({ act, moment }: Point, before: number): End {
  const privately = act === "make private" ? ["made-private", "noticed"] : [];
  if (act === "restore") return { stage: "kept", before, outcomes: ["restored"] };
  if (act === "make private" && moment === "overtaken") return { stage: "private", before, outcomes: privately };
  return { stage: "deleted", before, outcomes: [...privately, "deleting", "deleted"] };
}

/**
 * The end after a release that was just heard, or null where it came too late: from there on only the giving back is told. One
 * that is being deleted ends so unless the call that was under way was its end.
 */
async function endOfRelease(scene: Scene, before: number): Promise<End | null> {
  const { stage = "", taken_away: taken = "" } = await scene.record();
  if (stage !== "restoring" && stage !== "kept" && stage !== "deleting") return null;
  const said = (await scene.events()).all.slice(before).map((event) => event["what"] ?? "");
  // Who only lost tags was given nothing back.
  const isOwed = stage !== "kept" && taken !== "";
  return { stage: "kept", before, outcomes: [...said.filter(isOutcome), ...(isOwed ? ["restored"] : [])] };
}

interface Disturbed {
  readonly wrong: readonly string[];
  /** The call that the point met. */
  readonly call: string;
  /** How many calls the pass made. */
  readonly made: number;
  /** Where a release that was heard in time leads to. */
  readonly end: End | null;
}

/** Runs a pass that is killed or stopped at the point. */
async function disturb(scene: Scene, { call, moment }: Point): Promise<Disturbed> {
  const wrong: string[] = [];
  let run: Run | null = null;
  let strikes = 0;
  let end: End | null = null;
  const before = (await scene.events()).all.length;
  /** Changing calls so far, when a claim was lost; empty while none was. */
  const changesAtLoss: number[] = [];
  const signal = (name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void => {
    if (run?.child.kill(name) !== true) wrong.push(`the ${name} reached nobody`);
  };
  const happen = async (): Promise<void> => {
    strikes += 1;
    if (isKill(moment) && moment !== "released-killed") {
      signal("SIGKILL");
      // Nothing after this reaches anybody.
      return new Promise(() => undefined);
    }
    signal("SIGSTOP");
    const { token: claimed = "" } = await scene.record();
    await (isReleased(moment) ? scene.release() : overtake(scene, wrong)).catch((error: unknown) => {
      wrong.push(String(error));
    });
    const { token } = await scene.record();
    const wakesAt = (await scene.queues()).get("restore") ?? Infinity;
    if (claimed !== "" && wakesAt <= Date.now() / 1000) wrong.push("it may be given back while a claim is under way");
    if (isReleased(moment)) end = await endOfRelease(scene, before);
    if (claimed !== "" && claimed !== token) changesAtLoss.push(scene.simulator.journal.mutating().length);
    if (moment !== "released-killed") {
      signal("SIGCONT");
      return;
    }
    signal("SIGKILL");
    return new Promise(() => undefined);
  };
  const counter = new CallCounter(`{${REGION}}`, { call, moment }, happen);
  await scene.watchedPass(counter.watch, async (started) => {
    run = started;
    const { code, signal: endedBy, hasHung, says } = await started.ended;
    if (strikes !== 1) wrong.push(`only ${counter.names.length} calls were made: the point was not reached: ${says}`);
    if (hasHung) wrong.push(`it hung, and was killed in the end: ${says}`);
    if (isKill(moment) && endedBy !== "SIGKILL") wrong.push(`the kill did not land: it ended with ${String(code)}`);
    if (!isKill(moment) && code !== 0) wrong.push(`it ended with ${String(endedBy ?? code)}: ${says}`);
  });
  // The call that was under way cannot be called back; no further one may go out on a claim that is lost.
  const mutating = scene.simulator.journal.mutating().length;
  const changes = mutating - (changesAtLoss[0] ?? mutating);
  if (changes > 1) wrong.push(`${changes} changing calls after the claim was lost`);
  const isGone = scene.image().state === "deregistered";
  const { names } = counter;
  return { wrong, end: isGone ? null : end, call: names[call - 1] ?? "none", made: names.length };
}

function isKill(moment: Moment): boolean {
  return moment === "released-killed" || (KILLS as readonly Moment[]).includes(moment);
}

function isReleased(moment: Moment): boolean {
  return moment === "released" || moment === "released-killed";
}

/** While the first ticker stands still its lease runs out, by everybody's clock but its own, and another one does the work. */
async function overtake(scene: Scene, wrong: string[]): Promise<void> {
  wrong.push(...(await scene.expireLeases()));
  await scene.pass();
}
