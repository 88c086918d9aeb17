import t from "tap";
import { DAY_MS } from "../../src/domain/time.ts";
import { openBreakers } from "../support/scenes/breakers.ts";
import { REGION } from "../support/world/world.ts";

const BAD = "ami-00000000000000002";
const FAILS = { kind: "error", code: "InternalError", status: 500, times: Infinity } as const;

for (const action of ["DescribeImages", "DescribeImageReferences"])
  t.test(`an image whose ${action} always fails spoils the question for no other one of its claim`, async (t) => {
    const scene = await openBreakers(t, 5);
    scene.world.simulator.faults.add({ ...FAILS, action, resource: BAD });
    t.same(await scene.tick(), { failed: 1, "make-private": 4 });
    t.equal(await scene.breakers.get(REGION), null, "its region is well");
    const image = await scene.ticker.schedule.get(REGION, BAD);
    t.match(
      image,
      { stage: "public", attempts: 1, lastError: /^failed: ec2: .*InternalError/ },
      "it backs off by itself",
    );
  });

t.test("what fails for each half of a claim is the region's trouble, and asked no further", async (t) => {
  const scene = await openBreakers(t, 5);
  const { journal } = scene.world.simulator;
  scene.world.simulator.faults.add({ ...FAILS, action: "DescribeImages" });
  t.same(await scene.tick(), { yielded: 5 });
  t.match(await scene.breakers.get(REGION), { trouble: "failing", code: "InternalError" });
  t.same(await scene.attempts(), [0, 0, 0, 0, 0]);
  const looks = journal.entries.filter(({ action, region }) => action === "DescribeImages" && region === REGION);
  t.equal(looks.length, 9, "the whole and each half, each three times by the SDK");
});

t.test(
  "an image that EC2 shows, and does not know when it is asked who uses it, is not taken for unused",
  async (t) => {
    for (const images of [1, 3]) {
      const scene = await openBreakers(t, images);
      const action = "DescribeImageReferences";
      const resource = "ami-00000000000000001";
      const fault = { kind: "error", code: "InvalidAMIID.NotFound", status: 400, times: Infinity } as const;
      const mend = scene.world.simulator.faults.add({ ...fault, action, resource });
      t.match(await scene.tick(), { failed: 1 });
      t.match(await scene.ticker.schedule.get(REGION, resource), { stage: "public", lastError: /NotFound/ });
      t.equal((await scene.attempts()).length, 1, "the others are done");
      mend();
      scene.world.clock.advance(DAY_MS);
      t.same(await scene.tick(), { "make-private": 1 });
    }
  },
);

t.test("a question about the region alone that goes on failing is told, whatever the failure is called", async (t) => {
  const scene = await openBreakers(t, 2);
  const fault = { kind: "error", code: "IncorrectState", status: 400, times: Infinity } as const;
  scene.world.simulator.faults.add({ ...fault, action: "GetImageBlockPublicAccessState" });
  for (let pass = 0; pass < 3; pass += 1) t.same(await scene.tick(), { yielded: 2 }, `pass ${pass}`);
  t.match(await scene.breakers.get(REGION), { trouble: "failing", code: "IncorrectState" });
});
