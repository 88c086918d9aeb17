import t, { type Test } from "tap";
import { tickRegion } from "../../../src/act/tick.ts";
import { HOUR_MS } from "../../../src/domain/time.ts";
import type { Images } from "../../../src/ports/index.ts";
import { dueWorld, field } from "../../support/world/nightly.ts";
import { REGION, type World } from "../../support/world/world.ts";

const PRIVATE_AT = "clean-amis:private-at";

type Answers = Pick<Images, "look" | "publicSnapshots">;

/** A pass in which EC2 answers otherwise once the image's last snapshot was closed, so many readings long. */
async function pass(world: World, readings: number, lie: (ec2: Answers) => Partial<Answers>) {
  const { images } = world.ticker;
  const lies = lie(images);
  const isClosed = (): boolean => world.simulator.journal.of("ModifySnapshotAttribute").length >= 2;
  let told = 0;
  const lying = new Proxy(images, {
    get: (target, name) => {
      const other = name === "look" ? lies.look : name === "publicSnapshots" ? lies.publicSnapshots : undefined;
      const real: unknown = Reflect.get(target, name);
      if (other === undefined) return real;
      return (...args: Parameters<typeof other>): unknown => {
        if (!isClosed() || told >= readings) return Reflect.apply(real as typeof other, target, args);
        told += 1;
        return Reflect.apply(other as (...given: unknown[]) => unknown, target, args);
      };
    },
  });
  return tickRegion(REGION, { ...world.ticker, images: lying });
}

/** How EC2 may answer after the change: as before, for the image or for a snapshot, or not at all. */
const LIES: readonly (readonly [string, (ec2: Answers) => Partial<Answers>])[] = [
  [
    "an image that still reads as public",
    ({ look }) => ({
      look: async (region, amiIds) => {
        const seen = await look(region, amiIds);
        return new Map([...seen].map(([amiId, each]) => [amiId, { ...each, isPublic: true }]));
      },
    }),
  ],
  ["an image that is not shown", () => ({ look: () => Promise.resolve(new Map()) })],
  ["a snapshot that still reads as public", () => ({ publicSnapshots: (_, ids) => Promise.resolve(ids.slice(0, 1)) })],
];

async function standing(t: Test): Promise<readonly [World, () => Promise<unknown>]> {
  const [world, { amiId }] = await dueWorld(t);
  return [
    world,
    async () => ({
      stage: await field(world, amiId, "stage"),
      isTagged: PRIVATE_AT in (world.simulator.image(REGION, amiId)?.tags ?? {}),
      isTold: (await world.events()).includes("made-private"),
    }),
  ];
}

for (const [what, lie] of LIES) {
  t.test(`${what} is not private: neither marked, nor settled, nor told so, and tried again`, async (t) => {
    const [world, now] = await standing(t);
    t.same(await pass(world, Infinity, lie), { failed: 1 });
    t.same(await now(), { stage: "public", isTagged: false, isTold: false });
    world.clock.advance(HOUR_MS);
    t.same(await world.tick(), { "make-private": 1 });
    t.same(await now(), { stage: "private", isTagged: true, isTold: true });
  });

  t.test(`${what} for a moment is read again within the pass`, async (t) => {
    const [world, now] = await standing(t);
    t.same(await pass(world, 3, lie), { "make-private": 1 });
    t.same(await now(), { stage: "private", isTagged: true, isTold: true });
  });
}
