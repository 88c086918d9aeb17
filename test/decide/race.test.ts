import t from "tap";
import { ingestUploads } from "../../src/decide/upload.ts";
import type { Schedule } from "../../src/ports/index.ts";
import { ask } from "../support/world/nightly.ts";
import { addNightly, openWorld, REGION, UPLOADER } from "../support/world/world.ts";

const COMPOSE = "Fedora-Rawhide-20261121.n.0";

t.test("what is said of a compose while its images are written down decides them all the same", async (t) => {
  for (const [label, stage] of [
    ["RC-1.1", "kept"],
    [null, "public"],
  ] as const) {
    const world = await openWorld(t);
    const body = { status: "FINISHED", compose_id: COMPOSE, compose_type: "nightly", compose_label: label };
    const { schedule } = world.ingester;
    // Between the reading of the facts and the writing: whoever hears it finds no image of the compose yet.
    const addAll: Schedule["addAll"] = async (...given) => {
      await world.hear("pungi.compose.status.change", body);
      return schedule.addAll(...given);
    };
    const late = new Proxy(schedule, {
      get: (target, name) => (name === "addAll" ? addAll : (Reflect.get(target, name) as unknown)),
    });
    const amiIds = ["ami-00000000000000001", "ami-00000000000000002"];
    const uploads = amiIds.map((amiId) => ({
      region: REGION,
      amiId,
      composeId: COMPOSE,
      imageName: null,
      arch: "x86_64",
      uploadedAt: world.clock.now(),
    }));
    const fates = await ingestUploads(uploads, { ...world.ingester, schedule: late });
    t.same(fates, stage === "kept" ? ["ga", "ga"] : ["nightly", "nightly"]);
    for (const amiId of amiIds) t.equal((await schedule.get(REGION, amiId))?.stage, stage, `${amiId} ${String(label)}`);
  }
});

t.test("an image that is heard of after its compose was held is held from the first", async (t) => {
  const world = await openWorld(t);
  const first = addNightly(world, 1);
  await world.hear(UPLOADER, first.message);
  await ask(world, "hold", { composeId: first.composeId });
  const later = "ami-0000000000000000f";
  await world.hear(UPLOADER, { ...first.message, regions: { [REGION]: later } });
  for (const amiId of [first.amiId, later])
    t.equal((await world.ingester.schedule.get(REGION, amiId))?.stage, "held", amiId);
});
