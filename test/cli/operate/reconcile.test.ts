import t, { type Test } from "tap";
import { startEc2Simulator, type Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { DAY_MS, formatInstant } from "../../../src/domain/time.ts";
import { runHere } from "../../support/program/here.ts";
import { configFile, isRefusal, type Ended } from "../../support/program/program.ts";
import { openTestRedis, serverUrl } from "../../support/servers/redis/redis.ts";
import { ACCOUNT } from "../../support/world/image.ts";

const AMI = "ami-000000000000000aa";
const COMPOSE = "Fedora-Rawhide-20261121.n.0";

interface Scene {
  readonly simulator: Ec2Simulator;
  run(...args: string[]): Promise<Ended>;
  stageOf(amiId: string): Promise<string | null>;
}

/** The program over real Redis and a simulated EC2, by this machine's clock. */
async function openScene(t: Test, more = ""): Promise<Scene> {
  const connection = await openTestRedis(t);
  const simulator = await startEc2Simulator({ accounts: { AKIDTEST: { id: ACCOUNT } } });
  t.teardown(() => simulator.close());
  const tables = `[consumer_config.sources]\ncompose_host = ""\ndatagrepper = ""\n[consumer_config.ec2]\nendpoint = "${simulator.url}"\n`;
  const config = configFile(t, connection, tables + more);
  const env = {
    REDIS_URL: serverUrl("TEST_REDIS_URL"),
    AWS_ACCESS_KEY_ID: "AKIDTEST",
    AWS_SECRET_ACCESS_KEY: "secret",
  };
  return {
    simulator,
    run: (...args) => runHere(["reconcile", "--config", config, ...args], { env }),
    stageOf: (amiId) => connection.redis.hget(connection.keys.image("us-east-1", amiId), "stage"),
  };
}

function addPrivate({ simulator }: Scene): void {
  const at = formatInstant(Math.floor(Date.now() / 1000) * 1000 - DAY_MS);
  const tags = {
    "clean-amis:intent": `${at} all`,
    "clean-amis:private-at": at,
    "clean-amis:compose": COMPOSE,
    "clean-amis:image": AMI,
  };
  simulator.addImage("us-east-1", { id: AMI, isPublic: false, tags, snapshots: [{ tags }] });
}

t.test("reconcile tells what differs, and with --apply mends it; then nothing differs", async (t) => {
  const scene = await openScene(t);
  addPrivate(scene);
  const looked = await scene.run();
  t.same([looked.code, looked.err], [1, ""]);
  t.match(looked.out, new RegExp(`^us-east-1 ${AMI} no-record: [^\\n]+ enters it as private of ${COMPOSE}\\n`));
  t.match(looked.out, /\n1 no-record; 1 remain, in 1 region\n$/);
  t.equal(await scene.stageOf(AMI), null);
  const applied = await scene.run("--apply");
  t.same([applied.code, applied.err], [0, ""]);
  t.match(applied.out, /done: [^\n]+\n1 no-record; 0 remain, in 1 region\n$/);
  t.equal(await scene.stageOf(AMI), "private");
  t.same(await scene.run(), { code: 0, out: "nothing differs, in 1 region\n", err: "" });
  t.same(scene.simulator.journal.mutating(), [], "EC2 is never changed");
});

t.test("--json prints one JSON line for each finding, and the counts as the last", async (t) => {
  const scene = await openScene(t);
  addPrivate(scene);
  const tags = { "clean-amis:image": "ami-00000000000000fff" };
  scene.simulator.addSnapshot("eu-west-1", { id: "snap-00000001", tags });
  const { code, out } = await scene.run("--json");
  t.equal(code, 1);
  const lines = out.trimEnd().split("\n");
  const found = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  t.match(
    found.slice(0, -1).sort((a, b) => (String(a["kind"]) < String(b["kind"]) ? -1 : 1)),
    [
      { region: "eu-west-1", ami: "ami-00000000000000fff", kind: "leaked-snapshot", mended: false },
      { region: "us-east-1", ami: AMI, kind: "no-record", mended: false },
    ],
  );
  t.same(found.at(-1), { regions: 2, remaining: 2, found: { "leaked-snapshot": 1, "no-record": 1 } });
});

t.test("--region reads that region alone, and a word that is none is refused", async (t) => {
  const scene = await openScene(t);
  addPrivate(scene);
  t.same(await scene.run("--region", "eu-west-1"), { code: 0, out: "nothing differs, in 1 region\n", err: "" });
  isRefusal(t, await scene.run("--region", "Europe"), 2, /--region "Europe" is no region of EC2/);
});

t.test("credentials of another account are refused, and nothing is written", async (t) => {
  const scene = await openScene(t, `account = "999999999999"\n`);
  addPrivate(scene);
  isRefusal(t, await scene.run("--apply"), 1, /belong to account 125523088429, not to 999999999999/);
  t.equal(await scene.stageOf(AMI), null);
});
