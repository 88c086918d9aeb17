import type { RedisConnection } from "../connection.ts";
import { loadScript } from "../script.ts";
import { asUpstream } from "../strange.ts";
import { translateErrors } from "../../translate.ts";
import type { Counts } from "../../../ports/index.ts";

const countAnew = loadScript("count", "recount", "enroll");
const turnEpoch = loadScript("epoch", "recount");

/** No script holds Redis up for longer than so many records take. */
const MOST_AT_ONCE = 100;
const STAGE = "stage:";
const ERROR = "error:";

/** The counts in a hash a region: `stage:private`, `untold`, `error:permission`; see recount.lua. */
export function redisCounts({ redis, keys, strangers }: RedisConnection): Counts {
  const turn = async (region: string, epoch: string): Promise<string> => {
    const key = keys.counts(region);
    return (await strangers.orTell(key, turnEpoch(redis, [key], [epoch]), "")) as string;
  };
  const counts: Counts = {
    read: async (region) => {
      const [images, fields] = await Promise.all([
        redis.scard(keys.images(region)),
        redis.hgetall(keys.counts(region)),
      ]);
      return {
        images,
        stages: beginningWith(STAGE, fields),
        errors: beginningWith(ERROR, fields),
        untold: countOf(fields["untold"]),
      };
    },
    begin: (region) => turn(region, ""),
    count: async (region, amiIds) => {
      for (let at = 0; at < amiIds.length; at += MOST_AT_ONCE) {
        const some = amiIds.slice(at, at + MOST_AT_ONCE);
        const images = some.map((amiId) => keys.image(region, amiId));
        await countAnew(redis, [keys.counts(region), keys.images(region), keys.composes(region), ...images], some);
      }
    },
    finish: async (region, epoch) => {
      if (epoch !== "") await turn(region, epoch);
    },
  };
  return translateErrors(counts, asUpstream);
}

function beginningWith(head: string, fields: Readonly<Record<string, string>>): Record<string, number> {
  const found = Object.entries(fields).filter(([name]) => name.startsWith(head));
  return Object.fromEntries(found.map(([name, value]) => [name.slice(head.length), countOf(value)]));
}

/** What is no number counts nothing: the next to be counted begins anew. */
function countOf(text: string | undefined): number {
  return Math.max(0, Number.parseInt(text ?? "0", 10) || 0);
}
