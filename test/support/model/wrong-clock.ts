import { tickRegion, type Ticker } from "../../../src/act/tick.ts";
import { resolveRegion } from "../../../src/decide/resolve.ts";
import type { Schedule } from "../../../src/ports/index.ts";
import { reportOnce } from "../../../src/tell/report.ts";
import type { Memory } from "./memory.ts";
import type { Oracle } from "./oracle.ts";
import { survive, takesNothing, type Lived } from "./survive.ts";
import { REGIONS } from "./words.ts";
import { wrongBy } from "../world/replica.ts";
import type { World } from "../world/world.ts";

/** A process whose own clock is wrong by so much tells nothing, takes nothing, and leaves nothing behind that lasts. */
export async function wrongPass(
  world: World,
  ms: number,
  { oracle, memory, lived }: { readonly oracle: Oracle; readonly memory: Memory; readonly lived: Lived },
): Promise<void> {
  const { ticker, reporter, pagure } = world;
  const wrong = wrongClock(world, ms);
  const posts = pagure.journal.length;
  await takesNothing(oracle, world, "by a clock that is wrong", async () => {
    for (const region of REGIONS)
      await survive(world, lived, async () => {
        await resolveRegion(region, { ...ticker, ...wrong });
        await tickRegion(region, { ...ticker, ...wrong, listen: memory.listen });
      });
    await survive(world, lived, () => reportOnce({ ...reporter, ...wrong }));
  });
  if (pagure.journal.length > posts) oracle.wrong.push("it was reported by a clock that is wrong");
}

/** What a process has whose own clock is wrong by so much. */
function wrongClock({ clock, ticker }: World, ms: number): Pick<Ticker, "schedule" | "clock"> {
  const own = wrongBy(ms, clock);
  const now: Schedule["now"] = () =>
    Promise.resolve({ at: Math.min(clock.now(), own.now()), skewMs: Math.abs(ms), shared: clock.now() });
  const schedule = new Proxy(ticker.schedule, {
    get: (target, name) => (name === "now" ? now : (Reflect.get(target, name) as unknown)),
  });
  return { schedule, clock: own };
}
