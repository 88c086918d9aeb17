import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { whileWanted } from "../../../src/adapters/abandon.ts";
import { systemClock } from "../../../src/adapters/clock.ts";
import { openImages } from "../../../src/adapters/ec2/images.ts";
import { startEc2Simulator, type Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { UpstreamError } from "../../../src/errors.ts";
import type { Images } from "../../../src/ports/index.ts";
import { silentLog } from "../../support/run/log.ts";
import { ACCOUNT } from "../../support/world/image.ts";
import { REGION } from "../../support/world/world.ts";

/** Nobody waits for a real one: what stalls stalls for ever. */
const answerWithinMs = 150;
const KEYS = { accessKeyId: "AKIDTEST", secretAccessKey: "secret" };

async function open(
  t: Test,
  credentials: typeof KEYS | null = KEYS,
  limitMs = answerWithinMs,
): Promise<{ simulator: Ec2Simulator; images: Images }> {
  const simulator = await startEc2Simulator({ accounts: { AKIDTEST: { id: ACCOUNT } } });
  const options = { endpoint: simulator.url, role: null, share: 1, log: silentLog, clock: systemClock };
  const images = openImages({ ...options, credentials, random: () => 1, answerWithinMs: limitMs });
  t.teardown(async () => {
    images.close();
    await simulator.close();
  });
  return { simulator, images };
}

t.test("an answer whose body stalls after its head ends at the limit, and is asked for again", async (t) => {
  const { simulator, images } = await open(t);
  simulator.faults.add({ kind: "stall", action: "GetImageBlockPublicAccessState" });
  t.equal(await images.isWayBackOpen(REGION), true);
  t.equal(simulator.journal.of("GetImageBlockPublicAccessState").length, 2);
});

t.test("what stalls each time is a failure that passes, whatever it is that stalls", async (t) => {
  for (const trouble of [{ kind: "stall" }, { kind: "withhold", connection: "keep" }] as const) {
    const { simulator, images } = await open(t);
    const lift = simulator.faults.add({ ...trouble, times: Infinity });
    const failure = { name: "UpstreamError", code: "TimeoutError", message: /no whole answer within/ };
    await t.rejects(images.isWayBackOpen(REGION), failure);
    await t.rejects(images.look(REGION, ["ami-00000000000000001"]), failure);
    await t.rejects(images.account(), failure);
    lift();
    t.equal(await images.isWayBackOpen(REGION), true);
  }
});

t.test("a question for the account that stalls is remembered by nobody: the next one is asked anew", async (t) => {
  const { simulator, images } = await open(t);
  simulator.faults.add({ kind: "stall", action: "GetCallerIdentity", times: 6 });
  const asked = await Promise.allSettled([images.account(), images.account()]);
  t.same(
    asked.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  t.equal(simulator.journal.of("GetCallerIdentity").length, 6, "those who ask at once wait for one answer");
  t.equal(await images.account(), ACCOUNT);
  t.equal(await images.account(), ACCOUNT);
  t.equal(simulator.journal.of("GetCallerIdentity").length, 7, "and an answer is remembered");
});

t.test("work that is given up ends at once, whatever its call waits for, and sends nothing more", async (t) => {
  for (const trouble of [{ kind: "stall" }, { kind: "withhold", connection: "keep" }] as const) {
    // The limit is out of reach: only the signal ends it.
    const { simulator, images } = await open(t, KEYS, 600_000);
    simulator.faults.add({ ...trouble, action: "DescribeImages", times: Infinity });
    const arrived = simulator.nextCall();
    const signal = new AbortController();
    const ended = new UpstreamError("clean-amis", "abandoned", "enough");
    const looking = whileWanted(signal.signal, async () => {
      const look = images.look(REGION, ["ami-00000000000000001"]);
      await t.rejects(look, ended);
      await t.rejects(async () => images.isWayBackOpen(REGION), ended);
      await t.rejects(async () => {
        for await (const image of images.tagged(REGION, ["clean-amis:intent"])) t.fail(image.amiId);
      }, ended);
    });
    await arrived;
    signal.abort(ended);
    await looking;
    t.same(
      simulator.journal.entries.map(({ action }) => action),
      ["DescribeImages"],
    );
  }
});

t.test("a source of credentials that gives no answer is left alone, and another is asked next time", async (t) => {
  const dir = t.testdir({ config: "", stuck: "" });
  const program = join(dir, "source");
  const answer = JSON.stringify({ Version: 1, AccessKeyId: KEYS.accessKeyId, SecretAccessKey: KEYS.secretAccessKey });
  const script = `#!/bin/sh\nif [ -e ${dir}/stuck ]; then rm ${dir}/stuck; exec sleep 5; fi\necho '${answer}'\n`;
  await writeFile(program, script);
  await chmod(program, 0o755);
  await writeFile(join(dir, "config"), `[default]\ncredential_process = ${program}\n`);
  const before = { ...process.env };
  t.teardown(() => {
    process.env = before;
  });
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"])
    Reflect.deleteProperty(process.env, name);
  process.env["AWS_CONFIG_FILE"] = join(dir, "config");
  process.env["AWS_SHARED_CREDENTIALS_FILE"] = join(dir, "none");
  const { images } = await open(t, null, 2_000);
  t.equal(await images.account(), ACCOUNT, "by the SDK's own second attempt");
});
