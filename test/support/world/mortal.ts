import { tickRegion } from "../../../src/act/tick.ts";
import { Crash } from "../scenes/crash.ts";
import { REGION, type World } from "./world.ts";

/** One pass of a process that dies right after its n-th call of that name, to EC2 or to Redis; nothing runs in it any more. */
export async function tickAndDie(world: World, name: string, nth = 1): Promise<void> {
  const { images, schedule, facts } = world.ticker;
  let [calls, isDead] = [0, false];
  const mortal = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, method) => {
        const value: unknown = Reflect.get(target, method, target);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]): Promise<unknown> => {
          if (isDead) throw new Crash("dead");
          const result: unknown = await Reflect.apply(value, target, args);
          if (method === name && (calls += 1) === nth) {
            isDead = true;
            throw new Crash("killed");
          }
          return result;
        };
      },
    });
  const ticker = { ...world.ticker, images: mortal(images), schedule: mortal(schedule), facts: mortal(facts) };
  const ended = await tickRegion(REGION, ticker).then(
    () => null,
    (error: unknown) => error,
  );
  if (!(ended instanceof Crash)) throw new Error(`the pass did not die at ${name} ${nth}: ${String(ended)}`);
}
