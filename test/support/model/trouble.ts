import type { Command } from "./words.ts";
import type { World } from "../world/world.ts";

/** The next calls of an action fail, or do what they should and are not answered. */
export function troubleEc2({ simulator }: World, { action, trouble, times }: Command & { do: "ec2" }): void {
  const { faults } = simulator;
  if (trouble === "cut") faults.add({ kind: "withhold", connection: "cut", action, times, when: "after" });
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
