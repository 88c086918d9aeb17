import { redisHearing } from "../../../src/adapters/redis/control/hearing.ts";
import { listenTo } from "../../../src/hear/hearing.ts";
import type { Hearing, Listen } from "../../../src/ports/index.ts";
import type { Oracle } from "./oracle.ts";
import { takesNothing, type Lived } from "./survive.ts";
import { REGIONS } from "./words.ts";
import { silentLog } from "../run/log.ts";
import { remembered, setBack } from "../servers/copy.ts";
import { rememberHearing } from "../servers/redis/redis.ts";
import type { World } from "../world/world.ts";

/** What the service remembers and hears: a Redis that can be cut back, and an archive of all that was said. */
export class Memory {
  readonly listen: Listen;
  readonly #world: World;
  readonly #hearing: Hearing;
  readonly #archive: (() => Promise<unknown>)[] = [];
  #run = 1;
  #copy: { readonly keys: ReadonlyMap<string, Buffer>; readonly forget: () => void } | null = null;

  constructor(world: World) {
    this.#world = world;
    const runId = (): Promise<string> => Promise.resolve(`run ${this.#run}`);
    this.#hearing = new Proxy(redisHearing(world.connection, silentLog), {
      get: (target, name) => (name === "runId" ? runId : (Reflect.get(target, name) as unknown)),
    });
    this.listen = listenTo(this.#hearing, null);
  }

  /** A message that the archive has from now on. */
  archive(hear: () => Promise<unknown>): void {
    this.#archive.push(hear);
  }

  /** Something was done: Redis has written all of it to its disk. `forget`: what is lost by a cut back to here. */
  async keep(forget: () => void): Promise<void> {
    this.#copy = { keys: await remembered(this.#world), forget };
  }

  /** Redis comes back with what was on its disk, in another run. */
  async cut(): Promise<void> {
    this.#run += 1;
    if (this.#copy === null) return;
    await setBack(this.#world, this.#copy.keys);
    this.#copy.forget();
  }

  /** The end of a reading of the archive; all of it after Redis was cut back, else nothing that is not known. */
  async catchUp(): Promise<void> {
    const [memory, runId] = await Promise.all([this.#hearing.memory(), this.#hearing.runId()]);
    if (memory.runId !== runId) for (const hear of this.#archive) await hear();
    const now = this.#world.clock.now();
    await rememberHearing(this.#world.connection, { heardUntil: now, runId, wholeAt: now });
  }
}

/** Redis comes back poorer, and is told everything again after a pass, which takes nothing. */
export async function cutBack(
  world: World,
  { oracle, memory, lived }: { readonly oracle: Oracle; readonly memory: Memory; readonly lived: Lived },
  tick: (region: string) => Promise<void>,
): Promise<void> {
  lived.cuts += 1;
  await memory.cut();
  await takesNothing(oracle, world, "by a Redis that came back poorer", async () => {
    for (const region of REGIONS) await tick(region);
  });
  await memory.catchUp();
}
