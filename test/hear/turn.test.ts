import t, { type Test } from "tap";
import { learnFact } from "../../src/decide/fact.ts";
import type { ComposeFacts } from "../../src/domain/compose/facts.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { Consumer } from "../../src/hear/consume.ts";
import { ingestAll, type Ingested, type Ingester } from "../../src/hear/ingest.ts";
import type { Message, Schedule } from "../../src/ports/index.ts";
import { until } from "../support/servers/broker/bus.ts";
import { openWorld, REGION, START, UPLOADER, type World } from "../support/world/world.ts";

const COMPOSE = "Fedora-Rawhide-20261124.n.0";
const DATED = "Fedora-Cloud-43-20261120.0";

function amiOf(number: number): string {
  return `ami-${number.toString(16).padStart(17, "0")}`;
}

/** Announces image `number`, in one region when no other is named. */
function upload(number: number, composeId = COMPOSE, regions: readonly string[] = [REGION], sentAt = START): Message {
  const images = Object.fromEntries(regions.map((region) => [region, amiOf(number)]));
  const body = { architecture: "x86_64", compose_id: composeId, image_name: `image ${number}`, regions: images };
  return message(UPLOADER, body, `upload-${number}`, sentAt);
}

function message(event: string, body: object, messageId: string, sentAt = START): Message {
  return {
    topic: `org.fedoraproject.prod.${event}`,
    messageId,
    headers: { "sent-at": new Date(sentAt).toISOString() },
    body: Buffer.from(JSON.stringify(body)),
    arrivedAt: START + HOUR_MS,
  };
}

function released(composeId: string): Message {
  return message(
    "releng.atomic.twoweek.complete",
    { atomic_qcow2: { compose_id: composeId } },
    `released ${composeId}`,
  );
}

/** A world, and its facts with something done before, or in the place of, each reading of composes. */
async function open(t: Test, before: (composeIds: readonly string[], world: World) => Promise<void>) {
  const world = await openWorld(t);
  const { facts } = world.ingester;
  const recall = async (composeIds: readonly string[]): Promise<readonly ComposeFacts[]> => {
    await before(composeIds, world);
    return facts.recall(composeIds);
  };
  const ingester: Ingester = { ...world.ingester, facts: { ...facts, recall } };
  return { world, ingester };
}

function kinds(results: readonly Ingested[]): readonly string[] {
  return results.map((result) =>
    result.kind === "uploads" ? `${result.new} new, ${result.known} known` : result.kind,
  );
}

async function reasons({ connection }: World): Promise<readonly string[]> {
  const entries = await connection.redis.xrange(connection.keys.rejected, "-", "+");
  return entries.map(([, fields]) => fields[fields.indexOf("reason") + 1] ?? "");
}

t.test(
  "a message that makes our code throw is kept with its stack, and the others of its turn are scheduled",
  async (t) => {
    const { world, ingester } = await open(t, (composeIds) => {
      if (composeIds.includes(DATED)) throw new TypeError("a bug of ours");
      return Promise.resolve();
    });
    const results = await ingestAll([upload(1), upload(2, DATED), upload(3)], ingester);
    t.same(kinds(results), ["1 new, 0 known", "rejected", "1 new, 0 known"]);
    t.match(await reasons(world), [/^bug: TypeError: a bug of ours\n +at /]);
  },
);

t.test("what is not ours to read in one region, record or compose costs no other image of the turn", async (t) => {
  const world = await openWorld(t);
  const { redis, keys } = world.connection;
  const [strange, whole] = ["eu-west-1", "eu-west-2"];
  await redis.set(keys.events(strange), "not ours");
  await redis.set(keys.image(whole, amiOf(2)), "not ours");
  await redis.set(keys.compose(DATED), "not ours");
  const turn = [upload(1, COMPOSE, [REGION, strange, whole]), upload(2, COMPOSE, [whole]), upload(3, DATED), upload(4)];
  const results = await ingestAll(turn, world.ingester);
  t.same(kinds(results), ["2 new, 0 known", "0 new, 0 known", "0 new, 0 known", "1 new, 0 known"]);
  const told = await reasons(world);
  t.equal(told.length, 3, "each is kept once, with what to type");
  for (const what of [
    /eu-west-1\}:events is not of the type/,
    /eu-west-2 ami-0+2: its record/,
    /the compose \S+ cannot/,
  ])
    t.ok(
      told.some((reason) => what.test(reason)),
      String(what),
    );
  t.equal(await redis.exists(keys.image(strange, amiOf(1))), 0);
});

t.test("a release and an upload of its compose in one turn: kept, whichever comes first", async (t) => {
  for (const order of [1, -1]) {
    const world = await openWorld(t);
    const turn = [upload(1), released(COMPOSE), upload(2)];
    await ingestAll(order === 1 ? turn : turn.toReversed(), world.ingester);
    for (const number of [1, 2])
      t.match(await world.ingester.schedule.get(REGION, amiOf(number)), { stage: "kept", rule: "released-two-week" });
  }
});

t.test("a fact that comes while a turn is written is seen by a second reading, one a compose", async (t) => {
  const readings: (readonly string[])[] = [];
  const { world, ingester } = await open(t, async (composeIds, { ingester: whole }) => {
    readings.push(composeIds);
    // After the first reading, and before the images are written.
    if (readings.length === 2)
      await whole.facts.remember({ composeId: COMPOSE, source: "pungi", released: true, at: START, by: "m" });
  });
  await ingestAll(
    [1, 2, 3, 4].map((number) => upload(number)),
    ingester,
  );
  t.same(readings, [[COMPOSE], [COMPOSE]]);
  for (const number of [1, 2, 3, 4])
    t.match(await world.ingester.schedule.get(REGION, amiOf(number)), { stage: "kept", rule: "released-two-week" });
});

t.test("a fact that is learnt while a turn is written meets its images, or they meet it", async (t) => {
  for (let round = 0; round < 20; round += 1) {
    const { ingester, connection } = await openWorld(t);
    const fact = { composeId: COMPOSE, source: "pungi", released: true, at: START, by: "m" } as const;
    await Promise.all([
      ingestAll([upload(1), upload(2)], ingester),
      // A step of its own for each round, so that the two meet at another place.
      Array.from({ length: round })
        .reduce<Promise<unknown>>((step) => step.then(() => connection.redis.time()), Promise.resolve())
        .then(() => learnFact(fact, ingester)),
    ]);
    for (const number of [1, 2]) t.match(await ingester.schedule.get(REGION, amiOf(number)), { stage: "kept" });
  }
});

t.test("the same image twice in one turn: its first announcement stands, and is told once", async (t) => {
  const world = await openWorld(t);
  const [first, again] = [upload(1, COMPOSE, [REGION], START), upload(1, COMPOSE, [REGION], START + 2 * HOUR_MS)];
  t.same(kinds(await ingestAll([first, again], world.ingester)), ["1 new, 0 known", "0 new, 1 known"]);
  const whole = { rule: "nightly", imageName: "image 1", uploadedAt: START };
  t.match(await world.ingester.schedule.get(REGION, amiOf(1)), whole);
  t.same(await world.events(), ["scheduled"]);
});

t.test("one image for two composes in one turn is kept for a person", async (t) => {
  const world = await openWorld(t);
  await ingestAll([upload(1), upload(1, "Fedora-Rawhide-20261124.n.1")], world.ingester);
  t.match(await world.ingester.schedule.get(REGION, amiOf(1)), { stage: "kept", rule: "conflict" });
});

t.test("whatever a name has in it is written as it is, and costs no other image of the turn", async (t) => {
  const world = await openWorld(t);
  const names = ["\ud800 half", "\ude00", '"\\ud800', "a\u0000b", "\u2028 [1,2]", "üöä 😀", "]", "null", "1e400", " "];
  const turn = names.map((image_name, number) => {
    const body = { architecture: "x86_64", compose_id: COMPOSE, image_name, regions: { [REGION]: amiOf(number) } };
    return message(UPLOADER, body, `name-${number}`);
  });
  await ingestAll(turn, world.ingester);
  const written = await Promise.all(names.map((_, number) => world.ingester.schedule.get(REGION, amiOf(number))));
  t.same(
    written.map((image) => image?.imageName),
    // As UTF-8 has it, which knows no half of a pair.
    names.map((name) => Buffer.from(name).toString()),
  );
});

t.test("thousands of images of one region in one turn are all entered, each once", async (t) => {
  const world = await openWorld(t);
  const { redis, keys } = world.connection;
  const turn = Array.from({ length: 5000 }, (_, number) =>
    upload(number + 1, `Fedora-Rawhide-20261124.n.${number % 40}`),
  );
  for (const expected of [5000, 0]) {
    const results = await ingestAll(turn, world.ingester);
    t.equal(
      results.reduce((sum, result) => sum + (result.kind === "uploads" ? result.new : 0), 0),
      expected,
    );
    t.same(
      await Promise.all([redis.scard(keys.images(REGION)), redis.zcard(keys.queue(REGION, "private"))]),
      [5000, 5000],
    );
    t.equal(await redis.xlen(keys.events(REGION)), 5000);
  }
});

t.test("while one batch waits for Redis the next is written, and acknowledged only after it", async (t) => {
  const world = await openWorld(t);
  const { schedule } = world.ingester;
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const slowFirst: Schedule["addAll"] = async (announced, who) => {
    const results = await schedule.addAll(announced, who);
    if (announced.some(({ upload: { amiId } }) => amiId === amiOf(1))) await answered;
    return results;
  };
  const get = (all: Schedule, name: string | symbol): unknown =>
    name === "addAll" ? slowFirst : Reflect.get(all, name);
  const slow = new Proxy(schedule, { get });
  const [answers, never] = [new Array<string>(), new AbortController().signal];
  const consumer = new Consumer({ ...world.ingester, schedule: slow }, { stop: never, giveUp: never }, null);
  const deliver = (numbers: readonly number[]): void => {
    for (const number of numbers)
      consumer.deliver({
        message: upload(number),
        lost: never,
        spent: null,
        ackUpTo: () => answers.push(`ack ${number}`),
        giveBack: () => answers.push(`back ${number}`),
      });
  };
  deliver([1, 2]);
  await new Promise(setImmediate);
  deliver([3, 4]);
  await until("the second batch is written", async () => (await schedule.get(REGION, amiOf(4))) !== null);
  // All that is to come of it has come: each step of it takes one question at most.
  for (let step = 0; step < 10; step += 1) await world.connection.redis.time();
  t.same([answers, consumer.counts.new], [[], 2]);
  answer();
  await consumer.idle();
  t.same(answers, ["ack 2", "ack 4"]);
  t.equal(consumer.heldBytes, 0);
});

t.test("a script that ends half way leaves nothing that the repeat does not make whole", async (t) => {
  const world = await openWorld(t);
  const { redis, keys } = world.connection;
  // A stream that has given its last id takes no event any more.
  await redis.xadd(keys.events(REGION), "18446744073709551615-18446744073709551615", "what", "the last");
  const turn = [1, 2, 3].map((number) => upload(number));
  await t.rejects(ingestAll(turn, world.ingester), { name: "UpstreamError", service: "redis" });
  await redis.del(keys.events(REGION));
  await ingestAll(turn, world.ingester);
  const amiIds = [1, 2, 3].map(amiOf);
  t.same(await redis.zrange(keys.queue(REGION, "private"), "0", "-1"), amiIds);
  t.same((await redis.smembers(keys.images(REGION))).sort(), amiIds);
  t.same((await redis.smembers(keys.composeImages(REGION, COMPOSE))).sort(), amiIds);
  t.match(await redis.hgetall(keys.counts(REGION)), { "stage:public": "3" });
});
