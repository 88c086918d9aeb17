import { redisCounts } from "../../../src/adapters/redis/images/counts.ts";
import type { World } from "../world/world.ts";
import type { Subject } from "./subject.ts";

/** What the kept counts say otherwise than the records' stages do, one line a region. */
export async function wrongCounts(
  { connection }: Pick<World, "connection">,
  subjects: readonly Pick<Subject, "region" | "stage">[],
): Promise<readonly string[]> {
  const regions = [...new Set(subjects.map(({ region }) => region))];
  const wrong = await Promise.all(
    regions.map(async (region) => {
      const { stages } = await redisCounts(connection).read(region);
      const there = subjects.filter((each) => each.region === region).map(({ stage }) => stage);
      const live = there.filter((stage) => !["", "deleted", "gone"].includes(stage));
      const isRight =
        live.every((stage) => stages[stage] === live.filter((each) => each === stage).length) &&
        Object.values(stages).reduce((sum, count) => sum + count, 0) === live.length;
      return isRight
        ? []
        : [`${region} counts ${JSON.stringify(stages)} where there are ${live.toSorted().join(", ")}`];
    }),
  );
  return wrong.flat();
}
