import t from "tap";
import { DAY_MS } from "../../src/domain/time.ts";
import { fieldCase, type FieldCase } from "../support/world/cases.ts";
import { openWorld, START } from "../support/world/world.ts";

/** What becomes of an image: it is gone, everybody can use it, or only its owner can. */
type Fate = "deleted" | "public" | "private";

interface WorldCase extends FieldCase<Readonly<Record<string, Fate>>> {
  readonly images: readonly {
    readonly region: string;
    readonly id: string;
    readonly name: string;
    readonly tags: Readonly<Record<string, string>>;
  }[];
  readonly messages: readonly { readonly topic: string; readonly body: object }[];
}

const CASES = ["01", "05", "07"];

for (const number of CASES) {
  const { images, messages, expected, why } = fieldCase(number) as WorldCase;
  t.test(`case ${number}: ${why}`, async (t) => {
    const world = await openWorld(t);
    for (const { region, id, name, tags } of images)
      world.simulator.addImage(region, { id, name, tags, createdAt: START, snapshots: [{ isPublic: true }] });
    for (const { topic, body } of messages) await world.hear(topic.replace("org.fedoraproject.prod.", ""), body);
    const regions = [...new Set(images.map(({ region }) => region))];
    for (let day = 0; day < 20; day += 1) {
      world.clock.advance(DAY_MS);
      for (const region of regions) {
        await world.resolve(region);
        await world.tick(region);
      }
      await world.report();
    }
    const fates = images.map(({ region, id }): [string, Fate] => {
      const image = world.simulator.image(region, id);
      return [
        id,
        image === null || image.state === "deregistered" ? "deleted" : image.permission.isPublic ? "public" : "private",
      ];
    });
    t.same(Object.fromEntries(fates), expected);
  });
}
