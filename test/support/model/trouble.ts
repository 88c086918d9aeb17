import { QUEUES } from "../../../src/domain/image/lifecycle.ts";
import type { Subject } from "./subject.ts";
import { at, type Command } from "./words.ts";
import { keeperOver } from "../world/keeper.ts";
import type { World } from "../world/world.ts";

/** The next calls of an action fail, or do what they should and are not answered. */
export function troubleEc2({ simulator }: World, { action, trouble, times }: Command & { do: "ec2" }): void {
  const { faults } = simulator;
  if (trouble === "cut") faults.add({ kind: "withhold", connection: "cut", action, times, when: "after" });
  else if (trouble === "stalled") faults.add({ kind: "stall", action, times, when: "after" });
  else if (trouble === "stalled undone") faults.add({ kind: "stall", action, times });
  else if (trouble === "denied")
    faults.add({ kind: "error", code: "UnauthorizedOperation", status: 403, action, times });
  else faults.add({ kind: "error", code: "InternalError", status: 500, action, times });
}

/** Codes that EC2 answers all calls with, or those of one action, for so many passes. */
export class Codes {
  #lasting: { readonly lift: () => void; passes: number }[] = [];

  add({ simulator }: World, { code, action, passes }: Command & { do: "code" }): void {
    const lift = simulator.faults.add({ kind: "error", code, times: Infinity, ...(action !== null && { action }) });
    this.#lasting.push({ lift, passes });
  }

  endPass(): void {
    for (const each of this.#lasting) {
      each.passes -= 1;
      if (each.passes === 0) each.lift();
    }
    this.#lasting = this.#lasting.filter(({ passes }) => passes > 0);
  }
}

/** The next calls to Pagure fail; what is returned lifts it. */
export function troublePagure({ pagure }: World, { trouble, times }: Command & { do: "pagure" }): () => void {
  if (trouble === "refuses")
    return pagure.fail({ times, trouble: { kind: "answer", status: 503, body: "maintenance" } });
  return pagure.fail({ times, trouble: { kind: "cut", takesEffect: trouble === "does and cuts" } });
}

/** What a dead process held runs out by Redis' own clock, which nobody can wait for. */
export async function expireLeases({ connection: { redis, keys } }: Pick<World, "connection">): Promise<void> {
  await redis.del(keys.control("reporter:pagure:lease"), keys.control("requests:lease"));
}

/** A place that is lost is found again; what cannot be read for the length of a pass is left alone. */
export async function troubleRedis(
  world: World,
  subject: Subject | null,
  { loses, which }: Command & { do: "redis" },
  pass: () => Promise<void>,
): Promise<void> {
  if (subject === null) return;
  if (loses === "queue") await loseQueue(world, subject, which);
  else await whileUnreadable(world, subject, which, pass);
}

/** A key is deleted, or evicted, and the service walks over what is left. */
async function loseQueue(
  { connection, clock }: World,
  { region }: Pick<Subject, "region">,
  which: number,
): Promise<void> {
  const { redis, keys } = connection;
  await redis.del(
    at([...QUEUES.map((queue) => keys.queue(region, queue)), keys.images(region), keys.counts(region)], which),
  );
  await keeperOver(connection, clock).finish();
}

const FIELDS = ["stage", "private_at", "taken_away", "delete_at", "revision"];

/** Does something while a field of an image's record is garbage; then it is mended. */
async function whileUnreadable(
  { connection: { redis, keys } }: World,
  { region, amiId }: Pick<Subject, "region" | "amiId">,
  which: number,
  work: () => Promise<void>,
): Promise<void> {
  const [key, field] = [keys.image(region, amiId), at(FIELDS, which)];
  const before = await redis.hget(key, field);
  if (before === null) return;
  await redis.hset(key, field, "{garbage");
  await work();
  await redis.hset(key, field, before);
}
