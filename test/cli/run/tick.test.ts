import t from "tap";
import { redisFacts } from "../../../src/adapters/redis/facts.ts";
import { redisRejected } from "../../../src/adapters/redis/rejected.ts";
import { redisSchedule } from "../../../src/adapters/redis/images/schedule.ts";
import { startDatagrepper } from "../../../src/demo/outside/datagrepper/double.ts";
import { startEc2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { DEFAULT_POLICY } from "../../../src/domain/compose/classify.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/domain/time.ts";
import { ingest } from "../../../src/hear/ingest.ts";
import { configFile, runProgram } from "../../support/program/program.ts";
import { silentLog } from "../../support/run/log.ts";
import { openTestRedis, rememberHeard } from "../../support/servers/redis/redis.ts";
import { ACCOUNT, PERIODS } from "../../support/world/image.ts";

const [DEAD, SHUT, WELL] = ["eu-west-1", "me-south-1", "us-east-1"] as const;
const KEYS = { AWS_ACCESS_KEY_ID: "AKIDTEST", AWS_SECRET_ACCESS_KEY: "secret" };

t.test(
  "one pass of cron does what it can: a dead region ends neither the others' work nor the report, and is told",
  async (t) => {
    const connection = await openTestRedis(t);
    const simulator = await startEc2Simulator({ accounts: { AKIDTEST: { id: ACCOUNT } } });
    t.teardown(() => simulator.close());
    const clock = { now: Date.now, sleep: () => Promise.resolve() };
    const base = { schedule: redisSchedule(connection, clock, PERIODS), facts: redisFacts(connection), clock };
    const ingester = {
      ...base,
      rejected: redisRejected(connection),
      log: silentLog,
      periods: PERIODS,
      policy: DEFAULT_POLICY,
      environments: ["prod"],
    };
    const uploadedAt = Date.now() - 6 * DAY_MS;
    const day = new Date(uploadedAt).toISOString().slice(0, 10).replaceAll("-", "");
    const name = `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${day}.0`;
    const here = [DEAD, SHUT, WELL].map(
      (region) =>
        [
          region,
          simulator.addImage(region, { name, createdAt: uploadedAt, snapshots: [{ isPublic: true }] }).id,
        ] as const,
    );
    const body = { architecture: "x86_64", compose_id: `Fedora-Rawhide-${day}.n.0`, image_name: name };
    const message = {
      topic: "org.fedoraproject.prod.fedora_image_uploader.published.v1.aws.rawhide.Cloud_Base.x86_64",
      messageId: "1",
      headers: { "sent-at": new Date(uploadedAt).toISOString() },
      arrivedAt: uploadedAt,
      body: Buffer.from(JSON.stringify({ ...body, regions: Object.fromEntries(here) })),
    };
    await ingest(message, ingester);
    await rememberHeard(connection, Math.floor(Date.now() / 1000) * 1000);
    simulator.configure(SHUT, { optIn: "not-opted-in" });
    const revive = simulator.faults.add({ kind: "withhold", connection: "cut", region: DEAD, times: Infinity });
    const config = configFile(
      t,
      connection,
      `act = "private"\n[consumer_config.sources]\ncompose_host = ""\ndatagrepper = ""\n[consumer_config.ec2]\nendpoint = "${simulator.url}"\n`,
    );
    const tick = (...more: string[]) => runProgram(t, ["tick", "--once", ...more, "--config", config], { env: KEYS });

    const plan = await tick("--dry-run", "--plain");
    t.equal(plan.code, 1);
    t.match(
      plan.out,
      new RegExp(`^${DEAD}: not done: ec2: look [^\\n]*\\n${SHUT}: not done: [^\\n]*OptInRequired`, "m"),
    );
    t.match(plan.out, new RegExp(`^${WELL} ami-\\w+$`, "m"), "the plan of the others");

    t.equal(await connection.redis.exists(connection.keys.control("breakers")), 0, "a plan writes nothing");

    const { code, out } = await tick();
    t.equal(code, 1, out);
    t.match(out, new RegExp(`^${WELL}: \\{"make-private":1\\}$`, "m"));
    t.match(out, /^report: \{"posted":\d/m);
    t.match(out, new RegExp(`^${DEAD}: EC2 failed there: what was claimed there is due again$`, "m"));
    t.match(out, new RegExp(`^${SHUT}: not asked before \\S+: the region is not open to the account`, "m"));
    t.equal(simulator.image(WELL, here[2]?.[1] ?? "")?.permission.isPublic, false);

    revive();
    const after = await tick();
    t.equal(after.code, 0, "a region that is shut is told, and needs no alarm of cron's every day");
    t.match(after.out, new RegExp(`^${DEAD}: \\{"make-private":1\\}$`, "m"));
    t.match(after.out, new RegExp(`^${SHUT}: not asked before`, "m"));
  },
);

t.test("a dry run that finds nothing due says so, and leaves a plain list empty", async (t) => {
  const connection = await openTestRedis(t);
  const config = configFile(t, connection, "");
  const dry = (...more: string[]) =>
    runProgram(t, ["tick", "--once", "--dry-run", ...more, "--config", config], { env: KEYS });

  const deaf = "deaf, nothing is made private or deleted: it has not heard yet what was said before it was started: ";
  const fresh = await dry();
  t.match(fresh, { code: 0, out: new RegExp(`^${deaf}[^\\n]+\\nnothing is due: no image is known yet\\n$`) });
  const plain = await dry("--plain");
  t.same([plain.code, plain.out], [0, ""]);
  t.match(plain.err, /^clean-amis: nothing is due: no image is known yet$/m);
  t.match(plain.err, new RegExp(`^clean-amis: ${deaf}`, "m"));
  await rememberHeard(connection, Math.floor(Date.now() / 1000) * 1000);
  await connection.redis.sadd(connection.keys.regions, WELL);
  t.equal((await dry()).out, "nothing is due\n");
  t.equal((await dry("--only", "delete")).out, "nothing is due\n");
});

t.test("one pass of cron goes on when another process has heard, and waits for it when it has not", async (t) => {
  const connection = await openTestRedis(t);
  const { redis, keys } = connection;
  const archive = await startDatagrepper();
  t.teardown(() => archive.close());
  const config = configFile(
    t,
    connection,
    `act = "private"\n[consumer_config.sources]\ncompose_host = ""\ndatagrepper = "${archive.url}"\ndatagrepper_rate = 1000\n`,
  );
  const tick = () => runProgram(t, ["tick", "--once", "--config", config], { env: KEYS });
  await redis.set(keys.control("ears:lease"), "another process", "PX", HOUR_MS);
  await rememberHeard(connection, Date.now() - 10 * MINUTE_MS);
  const heard = await tick();
  t.equal(heard.code, 0, heard.out + heard.err);
  t.same(archive.journal, [], "the other one reads");
  await rememberHeard(connection, Date.now() - 2 * HOUR_MS);
  await redis.pexpire(keys.control("ears:lease"), 3000);
  const waited = await tick();
  t.equal(waited.code, 0, waited.out + waited.err);
  t.ok(archive.journal.length > 0, "it read, when the other one had died");
  t.equal(await redis.exists(keys.control("ears:lease")), 0);
});

t.test(
  "a pass needs neither certificates nor the broker's secret, and says that nothing is known, and heard",
  async (t) => {
    const connection = await openTestRedis(t);
    const rest = `act = "private"\n[consumer_config.sources]\ncompose_host = ""\ndatagrepper = ""\n[tls]\nca_cert = "/nowhere/ca.pem"\n`;
    const config = configFile(t, connection, rest);
    const env = { ...KEYS, AMQP_URL_FILE: "/nowhere/amqp" };
    const tick = (...more: string[]) => runProgram(t, ["tick", "--once", ...more, "--config", config], { env });
    const { code, out, err } = await tick();
    t.same([code, err], [0, ""]);
    t.match(
      out,
      /^nothing is due: no image is known yet\ndeaf, nothing is made private or deleted: .*: set sources.datagrepper: .*$/m,
    );
    t.match(await tick("--dry-run"), { code: 0, err: "" });

    const pagure = configFile(
      t,
      connection,
      `${rest}[consumer_config.report]\nkind = "pagure"\nrepo = "a/b"\nurl = "http://127.0.0.1:9"\n`,
    );
    const over = (...more: string[]) =>
      runProgram(t, [...more, "--config", pagure], {
        env: {
          AWS_ACCESS_KEY_ID_FILE: "/nowhere/key",
          PAGURE_ACCESS_TOKEN_FILE: "/nowhere/token",
          AMQP_URL_FILE: "/nowhere/amqp",
        },
      });
    t.match(
      await over("pause", "--reason", "everything burns"),
      { code: 0, err: "" },
      "no secret stands in the way of the brake",
    );
    t.match(await over("tick", "--once"), {
      code: 2,
      err: /[A-Z_]+_FILE: file \/nowhere\/(?:key|token) does not exist/,
    });
    const told = await over("doctor", "--json");
    t.equal(told.code, 2, "each part that cannot be read is told, and the others are looked at");
    for (const name of ["AMQP_URL_FILE", "AWS_ACCESS_KEY_ID_FILE", "PAGURE_ACCESS_TOKEN_FILE"])
      t.match(told.out, `${name}: file`);
    for (const check of ["broker", "reports", "ec2"])
      t.match(told.out, `{"check":"${check}","state":"warning","message":"not checked"`);
    t.match(told.out, /"check":"acts","state":"warning"/);
  },
);
