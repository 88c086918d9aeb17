import type { Redis } from "ioredis";
import { OUTCOMES, wrongAtEnd, wrongNow } from "./sweep-checks.ts";
import { CallCounter, KILLS, type Act, type Moment, type Point } from "./sweep-point.ts";
import { REGION, Scene, type Run, type SceneOptions, type Standing } from "./sweep-scene.ts";

/** Short, so that nobody waits long for a dead process; long enough for a pass, and a release heard in its middle. */
const LEASE = "4s";
/** More passes than these are not needed: one per lease that was lost, one per stage, one per report. */
const MOST_PASSES = 8;

/** From which a scene of each act begins, and the calls that a pass makes there, undisturbed. */
export interface Recording {
  readonly standing: Standing;
  readonly calls: readonly string[];
}
export type Recordings = Readonly<Record<Act, Recording>>;

/** Brings an image to each act by the program's own commands, and counts the calls of that act. */
export async function record(redis: Redis): Promise<Recordings> {
  const standings = await prepare(redis);
  const [makePrivate, deletion, restore] = await Promise.all([
    recordAct(redis, "make private", standings),
    recordAct(redis, "delete", standings),
    recordAct(redis, "restore", standings),
  ]);
  return { "make private": makePrivate, delete: deletion, restore };
}

async function recordAct(redis: Redis, act: Act, standings: Record<Act, Standing>): Promise<Recording> {
  const scene = await Scene.open(optionsOf(redis, act, "received"), standings[act]);
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

async function prepare(redis: Redis): Promise<Record<Act, Standing>> {
  const scene = await Scene.open({ redis, deleteAfter: "1s", lease: LEASE });
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

function optionsOf(redis: Redis, act: Act, moment: Moment): SceneOptions {
  // What happens to an image that was just made private is seen best while it stays so.
  const staysPrivate = act === "make private" && moment === "overtaken";
  return { redis, lease: LEASE, deleteAfter: staysPrivate ? "1h" : "1s" };
}

/** All points of an act and a moment. A release is heard only where something is taken away. */
export function pointsOf(recordings: Recordings, act: Act, moment: Moment): Point[] {
  if (moment === "released" && act === "restore") return [];
  const { calls } = recordings[act];
  const points = calls.map((_, index) => ({ act, moment, call: index + 1 }));
  // A reporter that is stopped keeps its lease for two minutes: nobody overtakes it in the time that a test has.
  const report = calls.findIndex((name) => name.includes(":reporter:"));
  return moment === "overtaken" && report >= 0 ? points.slice(0, report) : points;
}

/** Lives through one point, to the end of the image's journey; resolves to what went wrong. */
export async function live(redis: Redis, point: Point, { standing }: Recording): Promise<string[]> {
  const scene = await Scene.open(optionsOf(redis, point.act, point.moment), standing);
  try {
    const before = (await scene.events()).what;
    await scene.untilDue();
    const disturbed = await disturb(scene, point);
    const wrong = new Set([...disturbed.wrong, ...(await wrongNow(scene))]);
    const end = { ...(await endOf(scene, point, disturbed.isTakenBack, before)), before };
    for (let passes = 0; !(await isOver(scene, end.stage)) && passes < MOST_PASSES; passes += 1) {
      await scene.pass();
      for (const each of await wrongNow(scene)) wrong.add(each);
      if (!(await isOver(scene, end.stage))) await scene.untilDue();
    }
    if (!(await isOver(scene, end.stage))) wrong.add(`not ${end.stage} and told after ${MOST_PASSES} passes`);
    for (const each of await wrongAtEnd(scene, end)) wrong.add(each);
    return [...wrong];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  } finally {
    await scene.close();
  }
}

async function isOver(scene: Scene, stage: string): Promise<boolean> {
  return (await scene.record())["stage"] === stage && (await scene.events()).isTold;
}

/** Where the journey ends, and what has to be told on the way. */
async function endOf(
  scene: Scene,
  { act, moment }: Point,
  isTakenBack: boolean,
  before: readonly string[],
): Promise<{ readonly stage: string; readonly outcomes: readonly string[] }> {
  const privately = act === "make private" ? ["made-private", "noticed"] : [];
  if (moment === "released") {
    const said = (await scene.events()).what.slice(before.length).filter((what) => OUTCOMES.includes(what));
    const { stage, taken_away: taken = "" } = await scene.record();
    // Who only lost tags was given nothing back.
    const isOwed = stage !== "kept" && taken !== "";
    if (isTakenBack) return { stage: "kept", outcomes: isOwed ? [...said, "restored"] : said };
  } else if (act === "restore") return { stage: "kept", outcomes: ["restored"] };
  else if (act === "make private" && moment === "overtaken") return { stage: "private", outcomes: privately };
  return { stage: "deleted", outcomes: [...privately, "deleted"] };
}

interface Disturbed {
  readonly wrong: readonly string[];
  /** A release was heard in time: the image was still to be saved. */
  readonly isTakenBack: boolean;
}

/** Runs a pass that is killed or stopped at the point. */
async function disturb(scene: Scene, { call, moment }: Point): Promise<Disturbed> {
  const wrong: string[] = [];
  let run: Run | null = null;
  let strikes = 0;
  let isTakenBack = false;
  /** Changing calls so far, when a claim was lost; null while none was. */
  const changesAtLoss: number[] = [];
  const happen = async (): Promise<void> => {
    strikes += 1;
    if (isKill(moment)) {
      run?.child.kill("SIGKILL");
      // Nothing after this reaches anybody.
      return new Promise(() => undefined);
    }
    run?.child.kill("SIGSTOP");
    const { token: claimed = "" } = await scene.record();
    await (moment === "released" ? scene.release() : overtake(scene)).catch((error: unknown) => {
      wrong.push(String(error));
    });
    const { token, stage = "" } = await scene.record();
    isTakenBack = ["restoring", "kept"].includes(stage);
    if (claimed !== "" && claimed !== token) changesAtLoss.push(scene.simulator.journal.mutating().length);
    run?.child.kill("SIGCONT");
  };
  const counter = new CallCounter(`{${REGION}}`, { call, moment }, happen);
  await scene.watchedPass(counter.watch, async (started) => {
    run = started;
    const { code, says } = await started.ended;
    const { signalCode } = started.child;
    if (strikes !== 1) wrong.push(`only ${counter.names.length} calls were made: the point was not reached`);
    if (isKill(moment) && signalCode !== "SIGKILL") wrong.push(`the kill did not land: it ended with ${String(code)}`);
    if (!isKill(moment) && code !== 0) wrong.push(`it ended with ${String(signalCode ?? code)}: ${says}`);
  });
  if (isKill(moment)) await scene.expireLeases();
  // The call that was under way cannot be called back; no further one may go out on a claim that is lost.
  const mutating = scene.simulator.journal.mutating().length;
  const changes = mutating - (changesAtLoss[0] ?? mutating);
  if (changes > 1) wrong.push(`${changes} changing calls after the claim was lost`);
  return { wrong, isTakenBack };
}

function isKill(moment: Moment): boolean {
  return (KILLS as readonly Moment[]).includes(moment);
}

/** While the first ticker stands still its lease runs out, and a second one does the work. */
async function overtake(scene: Scene): Promise<void> {
  await scene.untilDue();
  await scene.pass();
}
