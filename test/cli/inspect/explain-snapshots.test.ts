import t from "tap";
import { DAY_MS } from "../../../src/domain/time.ts";
import { runOver } from "../../support/program/listing.ts";
import { openWorld, REGION, UPLOADER } from "../../support/world/world.ts";

const [LOCKED, FREE, SHARED] = ["snap-00000000000000001", "snap-00000000000000002", "snap-00000000000000003"];

t.test("each snapshot of an image that cannot be deleted as a whole is explained with what became of it", async (t) => {
  const world = await openWorld(t);
  const amiId = "ami-00000000000000001";
  const name = "Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261121.0";
  const snapshots = [LOCKED, FREE, SHARED].map((id) => ({ id, isPublic: true }));
  world.simulator.addImage(REGION, { id: amiId, name, snapshots });
  world.simulator.addImage(REGION, { id: "ami-0000000000000000b", name: "a stranger's", snapshots: [SHARED] });
  const upload = { architecture: "x86_64", compose_id: "Fedora-Rawhide-20261121.n.0", image_name: name };
  await world.hear(UPLOADER, { ...upload, regions: { [REGION]: amiId } });
  world.clock.advance(5 * DAY_MS);
  await world.tick();
  await world.report();
  world.clock.advance(10 * DAY_MS);
  world.simulator.changeSnapshot(REGION, LOCKED, { keptBy: "lock" });
  await world.tick();

  const { out } = await runOver(t, world.connection, "explain", amiId);
  const text = out.replaceAll(/\n {16}/g, " ");
  t.match(text, new RegExp(`snapshot +${LOCKED} left: .*OperationNotPermitted`));
  t.match(text, new RegExp(`snapshot +${FREE} deleted\n`));
  t.match(text, new RegExp(`snapshot +${SHARED} kept: shared with ami-0000000000000000b\n`));
  t.match(text, /missing +some of its snapshots still stand[^]*cure +unlock the snapshot/);
  const listed = await runOver(t, world.connection, "queue", "--refused");
  t.match(listed.out, new RegExp(`${amiId}[^]*refused +snapshot-kept: [^]*cure +unlock the snapshot`));
  const json = await runOver(t, world.connection, "explain", amiId, "--json");
  t.match(JSON.parse(json.out), { snapshot_results: { [LOCKED]: /^left: /, [FREE]: "deleted", [SHARED]: /^kept: / } });
});
