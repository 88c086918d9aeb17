import type { JournalEntry } from "../../../src/demo/outside/ec2/journal.ts";
import { RefusedError, UpstreamError } from "../../../src/errors.ts";
import type { Log } from "../../../src/ports/index.ts";
import type { Oracle } from "./oracle.ts";
import { expireLeases } from "./trouble.ts";
import { silentLog } from "../run/log.ts";
import { Crash } from "../scenes/crash.ts";
import type { World } from "../world/world.ts";

/** What was lived through. */
export interface Lived {
  commands: number;
  deletions: number;
  restores: number;
  crashes: number;
  cuts: number;
  jumps: number;
  stalls: number;
  vanished: number;
  gone: number;
}

/** The service's log, in which a bug is wrong; a death is none, though it looks like one from within. */
export function bugsIn(wrong: string[]): Log {
  const error = (data: object, message: string): void => {
    if (message.startsWith("bug") && !/"error":"(?:killed|dead)"/.test(JSON.stringify(data)))
      wrong.push(`${message}: ${JSON.stringify(data)}`);
  };
  return { ...silentLog, error };
}

/** What the service's loops survive, and a death, which is what it is for. */
export async function survive(world: World, lived: Lived, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Crash) {
      if (error.message === "killed") lived.crashes += 1;
      await expireLeases(world);
    } else if (!(error instanceof UpstreamError || error instanceof RefusedError)) throw error;
  }
}

/** Whatever is due, `work` makes nothing private and deletes nothing. */
export async function takesNothing(
  { wrong }: Oracle,
  { simulator }: World,
  how: string,
  work: () => Promise<void>,
): Promise<void> {
  const count = (): number =>
    simulator.journal.entries.filter(({ effect }) => effect !== null && isTaking(effect)).length;
  const before = count();
  await work();
  if (count() > before) wrong.push(`something was taken ${how}`);
}

/** Whether something was made private, deregistered or deleted. */
function isTaking(effect: NonNullable<JournalEntry["effect"]>): boolean {
  if (effect.kind === "image-permission" || effect.kind === "snapshot-permission") return !effect.isPublic;
  return effect.kind === "image-deregistered" || effect.kind === "snapshot-deleted";
}

/** Adds how often an image was made public, and an answer stalled. */
export function countCalls({ simulator: { journal } }: World, lived: Lived): void {
  lived.restores += journal
    .of("ModifyImageAttribute")
    .filter(({ effect }) => effect?.kind === "image-permission" && effect.isPublic).length;
  lived.stalls += journal.entries.filter(({ fault }) => fault === "stall").length;
}
