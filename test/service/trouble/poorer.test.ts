import t, { type Test } from "tap";
import { openRedis } from "../../../src/adapters/redis/connection.ts";
import { redisFacts } from "../../../src/adapters/redis/facts.ts";
import { redisSchedule } from "../../../src/adapters/redis/images/schedule.ts";
import { redisRejected } from "../../../src/adapters/redis/rejected.ts";
import { startDatagrepper } from "../../../src/demo/outside/datagrepper/double.ts";
import { startEc2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { SECRETS } from "../../../src/demo/service-config.ts";
import { DEFAULT_POLICY } from "../../../src/domain/compose/classify.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../src/domain/time.ts";
import { ingest } from "../../../src/hear/ingest.ts";
import { runProgram } from "../../support/program/program.ts";
import { silentLog } from "../../support/run/log.ts";
import { openBench, until } from "../../support/servers/broker/bus.ts";
import { rememberHearing, serverUrl } from "../../support/servers/redis/redis.ts";
import { ACCOUNT, PERIODS } from "../../support/world/image.ts";

t.setTimeout(600_000);

const REGION = "us-east-1";

/**
 * Two images that are due to be made private, in a Redis that came back without the release of the second, which the archive keeps
 * in a part of the first window that is not new, and that cannot be read.
 */
async function openPoorer(t: Test) {
  const archive = await startDatagrepper();
  const simulator = await startEc2Simulator({ accounts: { [SECRETS.AWS_ACCESS_KEY_ID]: { id: ACCOUNT } } });
  t.teardown(() => Promise.all([archive.close(), simulator.close()]));
  const services = { datagrepperUrl: archive.url, ec2Url: simulator.url };
  const bench = await openBench(t, serverUrl("TEST_REDIS_URL"), services);
  const connection = await openRedis(bench.at.redisUrl, bench.at.prefix, silentLog);
  t.teardown(() => connection.close());
  const { redis, keys } = connection;
  const clock = { now: Date.now, sleep: () => Promise.resolve() };
  const ingester = {
    ...{ schedule: redisSchedule(connection, clock, PERIODS), facts: redisFacts(connection), clock, log: silentLog },
    ...{ rejected: redisRejected(connection), periods: PERIODS, policy: DEFAULT_POLICY, environments: ["prod"] },
  };
  const uploadedAt = Date.now() - 7 * DAY_MS;
  const day = new Date(uploadedAt).toISOString().slice(0, 10).replaceAll("-", "");
  const upload = async (respin: number): Promise<{ readonly id: string; readonly composeId: string }> => {
    const name = `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${day}.${respin}`;
    const { id } = simulator.addImage(REGION, { name, createdAt: uploadedAt, snapshots: [{ isPublic: true }] });
    const composeId = `Fedora-Rawhide-${day}.n.${respin}`;
    const body = { architecture: "x86_64", compose_id: composeId, image_name: name, regions: { [REGION]: id } };
    await ingest(
      {
        topic: "org.fedoraproject.prod.fedora_image_uploader.published.v1.aws.rawhide.Cloud_Base.x86_64",
        messageId: id,
        headers: { "sent-at": new Date(uploadedAt).toISOString() },
        arrivedAt: uploadedAt,
        body: Buffer.from(JSON.stringify(body)),
      },
      ingester,
    );
    return { id, composeId };
  };
  const [plain, released] = [await upload(0), await upload(1)];
  const at = Date.now() - 40 * HOUR_MS;
  archive.add({
    topic: "org.fedoraproject.prod.releng.atomic.twoweek.complete",
    id: "a release",
    at,
    headers: { "sent-at": new Date(at).toISOString() },
    body: { atomic_raw: { compose_id: released.composeId } },
  });
  const heard = Date.now() - MINUTE_MS;
  await rememberHearing(connection, { heardUntil: heard, runId: "another run", wholeAt: heard });
  const isOld = (query: URLSearchParams): boolean => Number(query.get("start")) * SECOND_MS < Date.now() - 30 * HOUR_MS;
  const isPublic = ({ id }: { readonly id: string }): boolean | undefined =>
    simulator.image(REGION, id)?.permission.isPublic;
  const isEachPublic = (): readonly (boolean | undefined)[] => [plain, released].map(isPublic);
  const when = (_: unknown, query: URLSearchParams): boolean => isOld(query);
  return { archive, simulator, bench, redis, keys, when, isEachPublic };
}

t.test(
  "consume, with a replica that looks on and takes over, does nothing before all of the first window is heard",
  async (t) => {
    const { archive, simulator, bench, redis, keys, when, isEachPublic } = await openPoorer(t);
    const lift = archive.fail({ times: Infinity, trouble: { kind: "withhold" }, when });
    const first = await bench.start();
    await until("it reads", () => Promise.resolve(archive.journal.some(({ trouble }) => trouble === "withhold")));
    const second = await bench.start();
    await second.line((line) => line.msg?.startsWith("deaf, nothing is made private or deleted") === true);
    const passed = async (): Promise<string | null> => redis.hget(keys.control("status"), "last_tick");
    for (const pass of ["a pass", "another"]) {
      const before = await passed();
      await until(pass, async () => (await passed()) !== before);
    }
    t.same(simulator.journal.mutating(), []);
    t.equal(await redis.hget(keys.control("ears"), "run_id"), "another run");
    await first.end("SIGKILL");
    lift();
    await redis.del(keys.control("ears:lease"));
    await until("the plain one is private", () => Promise.resolve(isEachPublic()[0] === false));
    t.same(isEachPublic(), [false, true], "the release was heard before");
    t.equal(await second.end("SIGTERM"), 0);
  },
);

t.test("one pass of cron does nothing before all of the first window is heard", async (t) => {
  const { archive, simulator, bench, redis, keys, when, isEachPublic } = await openPoorer(t);
  const lift = archive.fail({ times: Infinity, trouble: { kind: "answer", status: 500, body: "no" }, when });
  const tick = () => runProgram(t, ["tick", "--once", "--config", bench.configFile], { env: SECRETS });
  for (const pass of [1, 2]) {
    const { code, out } = await tick();
    t.equal(code, 1, `pass ${pass}`);
    t.match(out, /^not heard what was missed: /m);
    t.match(out, /"deaf":\d/);
  }
  t.same(simulator.journal.mutating(), []);
  t.equal(await redis.hget(keys.control("ears"), "run_id"), "another run");
  lift();
  t.match(await tick(), { out: /"make-private":1/ });
  t.same(isEachPublic(), [false, true], "the release was heard before");
});
