import { readFile, writeFile } from "node:fs/promises";
import { connect } from "amqplib";
import t, { type Test } from "tap";
import { PROJECT } from "../../src/demo/objector.ts";
import { startDatagrepper } from "../../src/demo/outside/datagrepper/double.ts";
import { startEc2Simulator } from "../../src/demo/outside/ec2/simulator.ts";
import { startPagureDouble } from "../../src/demo/outside/pagure/double.ts";
import { SECRETS, TOKEN, USER } from "../../src/demo/service-config.ts";
import { ServiceProcess, type LogLine } from "../../src/demo/service.ts";
import { ACCOUNT } from "../../src/demo/world.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import { openBench, outgoing, until } from "../support/servers/broker/bus.ts";
import { Hearer } from "../support/servers/broker/hearer.ts";
import { RedisProxy } from "../support/servers/redis/redis-proxy.ts";
import { openTestRedis, serverUrl } from "../support/servers/redis/redis.ts";

t.jobs = 4;

const REGIONS = ["us-east-1", "us-east-1", "eu-west-1", "us-east-1", "eu-west-1"];
const NOWHERE = "amqp://guest:guest@127.0.0.1:9/%2F";

/** The service, which tells an exchange of the bus, and five nightlies that are to be made private at once. */
async function openTelling(t: Test, exchange: string, { redisUrl = serverUrl("TEST_REDIS_URL"), isAway = false } = {}) {
  const simulator = await startEc2Simulator({ accounts: { [SECRETS.AWS_ACCESS_KEY_ID]: { id: ACCOUNT } } });
  const [forge, archive] = [await startPagureDouble(), await startDatagrepper()];
  t.teardown(() => Promise.all([simulator.close(), forge.close(), archive.close()]));
  forge.tracker.setProject(PROJECT, { writers: [USER] });
  forge.setToken(TOKEN, { user: USER });
  const services = { ec2Url: simulator.url, forgeUrl: forge.url, datagrepperUrl: archive.url };
  const bench = await openBench(t, redisUrl, { ...services, ...(isAway && { amqpUrl: NOWHERE }) });
  const config = await readFile(bench.configFile, "utf8");
  const head = `topic_prefix = "org.fedoraproject.prod"\npublish_exchange = "${exchange}"\n`;
  await writeFile(
    bench.configFile,
    `${head}${config.replace("on = false", "on = true").replace(/delete_after = .*/, 'delete_after = "10d"')}`,
  );
  const at = Date.now() - 6 * DAY_MS;
  const day = new Date(at).toISOString().slice(0, 10).replaceAll("-", "");
  const images = REGIONS.map((region, index) => {
    const name = `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${day}.${index}`;
    const { id } = simulator.addImage(region, { name, createdAt: at, snapshots: [{ isPublic: true }] });
    return {
      region,
      id,
      body: { compose_id: `Fedora-Rawhide-${day}.n.${index}`, image_name: name, regions: { [region]: id } },
    };
  });
  const messages = images.map(({ body }) => {
    const message = outgoing("fedora_image_uploader.published.v1.aws", { architecture: "x86_64", ...body });
    return { ...message, headers: { "sent-at": new Date(at).toISOString() } };
  });
  const posts = (): string =>
    forge.tracker
      .issues(PROJECT)
      .map(({ content, comments }) => [content, ...comments.map(({ text }) => text)].join())
      .join();
  return {
    bench,
    archive,
    images,
    messages,
    /** Resolves when the bus is told what happens from now on. */
    begun: async (): Promise<void> => {
      const { redis } = await openTestRedis(t);
      const key = `${bench.at.prefix}:{control}:reporter:bus:memory`;
      await until("the first pass", async () => (await redis.exists(key)) === 1);
    },
    /** Resolves when all are private, and the public was told. */
    acted: async (): Promise<void> => {
      await until("all are private", () =>
        Promise.resolve(images.every(({ region, id }) => simulator.image(region, id)?.permission.isPublic === false)),
      );
      await until("all are told", () => Promise.resolve(images.every(({ id }) => posts().includes(id))));
    },
  };
}

/** What was heard of each region, in its order: AMI and the topic's last word. */
function heardBy({ heard }: Hearer, region: string): readonly string[] {
  return heard.flatMap(({ content, fields }) => {
    const body = JSON.parse(content.toString()) as { readonly region: string; readonly ami: string };
    return body.region === region ? [`${body.ami} ${fields.routingKey.split(".").at(-1) ?? ""}`] : [];
  });
}

/** The events of a region that a reader of the bus waits for, in the order in which they were written. */
async function privateIn(
  redis: { xrange(key: string, from: string, to: string): Promise<[string, string[]][]> },
  key: string,
) {
  const entries = await redis.xrange(key, "-", "+");
  return entries.flatMap(([, words]) => {
    const field = (name: string): string =>
      words[words.findIndex((word, index) => index % 2 === 0 && word === name) + 1] ?? "";
    return field("what") === "made-private" ? [`${field("ami")} private`] : [];
  });
}

t.test(
  "who is killed between the broker's word and the place in the events tells it again, and misses nothing",
  async (t) => {
    const hearer = await Hearer.open(t);
    const { redis } = await openTestRedis(t);
    let prefix = "";
    let isKilling = true;
    let hold: (region: string) => void = () => undefined;
    const held = new Promise<string>((resolve) => {
      hold = resolve;
    });
    const passed = { answered: () => Promise.resolve(), sent: () => undefined };
    const proxy = await RedisProxy.open(serverUrl("TEST_REDIS_URL"), async (_, frame) => {
      const text = frame.toString("latin1");
      const id = /(?<region>[a-z]+-[a-z]+-\d)\r\n\$\d+\r\n(?<id>\d+-\d+)\r\n/.exec(text)?.groups;
      if (!isKilling || !text.includes(":reporter:bus:cursors") || id === undefined) return passed;
      const [entry] = await redis.xrange(`${prefix}:{${id["region"] ?? ""}}:events`, id["id"] ?? "", id["id"] ?? "");
      if (entry?.[1].includes("made-private") !== true) return passed;
      hold(id["region"] ?? "");
      return new Promise(() => undefined);
    });
    t.teardown(() => proxy.close());
    const { bench, messages, begun, acted } = await openTelling(t, hearer.exchange, { redisUrl: proxy.url });
    prefix = bench.at.prefix;
    const first = await bench.start();
    await begun();
    await bench.publisher.send(messages);
    const region = await held;
    await first.end("SIGKILL");
    const [before] = heardBy(hearer, region);
    isKilling = false;
    // A dead process' leases run out, which is not waited for here.
    await redis.del(...["reporter:bus", "reporter:pagure", "ears"].map((name) => `${prefix}:{control}:${name}:lease`));
    const second = await bench.start();
    await acted();
    await hearer.bodies(REGIONS.length + 1);
    t.equal(await second.end(), 0);
    t.equal(hearer.heard.length, REGIONS.length + 1, "one of them twice");
    const ids = hearer.heard.map(({ properties }) => properties.messageId as string);
    t.equal(new Set(ids).size, REGIONS.length);
    for (const each of new Set(REGIONS)) {
      const events = await privateIn(redis, `${prefix}:{${each}}:events`);
      const expected = each === region ? [before, ...events] : events;
      t.same(heardBy(hearer, each), expected, each);
    }
  },
);

for (const [what, says] of [
  ["the exchange is missing", /was not taken by exchange .*mend publish_exchange/],
  ["nobody hears it", /nobody hears it .*bind a queue to it/],
] as const)
  t.test(
    `while ${what} images are acted on and reported, it is told once, and what waited is told in order then`,
    async (t) => {
      const hearer = await Hearer.open(t, []);
      const isMissing = what === "the exchange is missing";
      const exchange = isMissing ? `${hearer.exchange}-later` : hearer.exchange;
      const { bench, messages, begun, acted, images } = await openTelling(t, exchange);
      const begunOn = Math.floor(Date.now() / DAY_MS);
      const service = await bench.start();
      await begun();
      await bench.publisher.send(messages);
      await acted();
      const isAlarm = ({ msg }: LogLine): boolean => msg === "the bus cannot be told until a person mends this";
      t.match(JSON.stringify(await service.line(isAlarm)), says);
      const { redis } = await openTestRedis(t);
      const triedAt = (): Promise<string | null> =>
        redis.hget(`${bench.at.prefix}:{control}:reporter:bus:status`, "checked_at");
      // What a try writes to its log comes behind that.
      for (let times = 0; times < 2; times += 1) {
        const before = await triedAt();
        await until("it is tried again", async () => (await triedAt()) !== before);
      }
      const days = 1 + Math.floor(Date.now() / DAY_MS) - begunOn;
      t.ok(service.lines.filter(isAlarm).length <= days, "told once a day");
      await hearer.bind("#");
      if (isMissing) {
        const model = await connect(serverUrl("TEST_AMQP_URL"));
        t.teardown(() => model.close());
        const channel = await model.createChannel();
        await channel.assertExchange(exchange, "topic", { durable: false, autoDelete: true });
        await channel.bindExchange(hearer.exchange, exchange, "#");
      }
      await hearer.bodies(images.length);
      await service.line(({ msg }) => msg === "the bus can be told again");
      for (const region of new Set(REGIONS))
        t.same(heardBy(hearer, region), await privateIn(redis, `${bench.at.prefix}:{${region}}:events`), region);
      t.equal(await service.end(), 0);
    },
  );

t.test(
  "while the broker is away, what the archive brings is acted on and reported, and that is told once",
  async (t) => {
    const { bench, messages, begun, acted, archive } = await openTelling(t, "amq.topic", { isAway: true });
    const service = new ServiceProcess(["consume", "--config", bench.configFile], SECRETS);
    t.teardown(() => service.end("SIGKILL"));
    await begun();
    for (const { topic, messageId: id, headers, body } of messages)
      archive.add({ topic, id, at: Date.now() - DAY_MS, headers, body: JSON.parse(body.toString()) as unknown });
    await service.line(({ pass }) => pass === "bus");
    await acted();
    t.equal(service.lines.filter(({ pass }) => pass === "bus").length, 1);
    t.equal(await service.end(), 0);
  },
);
