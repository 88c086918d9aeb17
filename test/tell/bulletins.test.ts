import t, { type Test } from "tap";
import { redisSoonTold } from "../../src/adapters/redis/control/soon.ts";
import { redisJournal } from "../../src/adapters/redis/journal.ts";
import { draft } from "../../src/domain/image/lifecycle.ts";
import { DAY_MS, formatInstant, HOUR_MS } from "../../src/domain/time.ts";
import type { Bulletins, BusMessage } from "../../src/ports/index.ts";
import { announceOnce, type Announcer } from "../../src/tell/bulletins.ts";
import { openReporting, type Reporting } from "../support/scenes/reporting.ts";
import { Hearer } from "../support/servers/broker/hearer.ts";
import { PERIODS } from "../support/world/image.ts";

interface Bus extends Reporting {
  readonly hearer: Hearer;
  readonly announcer: Announcer;
  /** What the bus heard, in the order in which it did: region and AMI, and the topic's last word. */
  readonly heard: () => readonly string[];
}

/** Who tells the real broker, over a real Redis; it has had its first pass. */
async function openBus(t: Test, topics?: readonly string[]): Promise<Bus> {
  const reporting = await openReporting(t);
  const { connection, reporter } = reporting;
  const hearer = await Hearer.open(t, topics);
  const announcer: Announcer = {
    ...reporter,
    journal: redisJournal(connection, "bus", reporter.log),
    soonTold: redisSoonTold(connection, "bus"),
    bulletins: hearer.publisher(t),
  };
  await announceOnce(announcer);
  const heard = (): readonly string[] =>
    hearer.heard.map(({ content, fields }) => {
      const { region, ami } = JSON.parse(content.toString()) as { readonly region: string; readonly ami: string };
      return `${region} ${ami} ${fields.routingKey.split(".").at(-1) ?? ""}`;
    });
  return { ...reporting, hearer, announcer, heard };
}

/** The bus, with something that happens around each message. */
function around(bus: Bulletins, change: Partial<Bulletins>): Bulletins {
  return { publish: (message) => bus.publish(message), rest: () => bus.rest(), ...change };
}

t.test("what happened is told once, in order by region, and what was before the first pass is not", async (t) => {
  const { makePrivate, announcer, hearer, heard, connection, clock } = await openBus(t);
  const [east, west] = [await makePrivate(2), await makePrivate(2, { region: "us-west-2" })];
  await connection.redis.del(connection.keys.control("reporter:bus:memory"));
  t.equal(await announceOnce(announcer), 0, "old news");
  const later = [await makePrivate(120), await makePrivate(1, { region: "eu-west-1" })] as const;
  t.equal(await announceOnce(announcer), 121);
  t.equal(await announceOnce(announcer), 0);
  const bodies = await hearer.bodies(121);
  const of = (region: string): readonly string[] =>
    heard()
      .filter((each) => each.startsWith(`${region} `))
      .map((each) => each.split(" ")[1] ?? "");
  t.same(of("us-east-1"), later[0]);
  t.same(of("eu-west-1"), later[1]);
  t.notOk([...east, ...west].some((amiId) => heard().join().includes(amiId)));
  const promised = formatInstant(clock.now() + PERIODS.deleteAfterMs);
  t.match(bodies[0], { not_deleted_before: promised, compose_id: "Fedora-Rawhide-20261119.n.0" });
});

t.test("a date that the bus was told holds, whatever the configuration says later", async (t) => {
  const { makePrivate, announcer, report, reporter, image, clock } = await openBus(t);
  const [amiId = ""] = await makePrivate(1);
  await announceOnce(announcer);
  const told = clock.now() + PERIODS.deleteAfterMs;
  await report({ periods: { ...reporter.periods, deleteAfterMs: DAY_MS } });
  t.equal((await image(amiId))?.deleteAt, told);
});

t.test(
  "who is killed between the broker's word and the place in the stream tells it again, by the same id",
  async (t) => {
    const { makePrivate, announcer, hearer, connection, heard } = await openBus(t);
    const amiIds = await makePrivate(3);
    let sent = 0;
    const dying = around(announcer.bulletins, {
      publish: async (message: BusMessage) => {
        await announcer.bulletins.publish(message);
        sent += 1;
        // From here on nothing is written any more, as of a process that is dead.
        if (sent === 2) await connection.redis.del(connection.keys.control("reporter:bus:lease"));
      },
    });
    await t.rejects(announceOnce({ ...announcer, bulletins: dying }), { code: "lease-lost" });
    t.equal(await announceOnce(announcer), 2);
    await hearer.bodies(4);
    const [first, second, third] = amiIds.map((amiId) => `us-east-1 ${amiId} private`);
    t.same(heard(), [first, second, second, third]);
    const ids = hearer.heard.map(({ properties }) => properties.messageId as string);
    t.equal(ids[1], ids[2]);
    t.equal(new Set(ids).size, 3);
    for (const id of ids) t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  },
);

t.test("while the broker is away nothing is lost, acts and reports go on, and it is told why", async (t) => {
  const { makePrivate, announcer, hearer, heard, report, clock, sightings } = await openBus(t);
  const away = { ...announcer, bulletins: hearer.away(t) };
  const [first = ""] = await makePrivate(1);
  await t.rejects(announceOnce(away), { name: "UpstreamError", code: "ECONNREFUSED" });
  const since = clock.now();
  t.match(await announcer.journal.status(), { state: "failing", since, reason: /cannot be used: .*ECONNREFUSED/ });
  clock.advance(HOUR_MS);
  const [second = ""] = await makePrivate(1);
  await t.rejects(announceOnce(away), { code: "ECONNREFUSED" });
  await report();
  t.equal(sightings(first) + sightings(second), 2);
  t.match(await announcer.journal.status(), { state: "failing", since });
  t.equal(await announceOnce(announcer), 2);
  t.match(await announcer.journal.status(), { state: "ok", reason: "" });
  await hearer.bodies(2);
  t.same(heard(), [`us-east-1 ${first} private`, `us-east-1 ${second} private`]);
});

t.test(
  "a message that nobody hears waits, with those behind it in its region alone, and is told when somebody does",
  async (t) => {
    const { makePrivate, announcer, hearer, heard, image, reporter, logged } = await openBus(t, ["#.private"]);
    const [held = ""] = await makePrivate(1);
    const record = await image(held);
    if (record === null) throw new Error("no record");
    await announceOnce(announcer);
    const event = draft("held", record.uploadedAt, "kevin", "needed", { until: "no end" });
    await reporter.schedule.change(record, { stage: "held", wait: null, fields: {}, event });
    const [behind = ""] = await makePrivate(1);
    const [other = ""] = await makePrivate(1, { region: "us-west-2" });
    await t.rejects(announceOnce(announcer), { name: "RefusedError", code: "unroutable" });
    t.match(await announcer.journal.status(), {
      state: "failing",
      reason: /image\.held was not taken .*nobody hears it/,
    });
    await t.rejects(announceOnce(announcer), { code: "unroutable" });
    const alarms = logged.filter((line) => line.startsWith("error "));
    t.equal(alarms.length, 1, "told once");
    t.match(alarms[0], /^error the bus cannot be told until a person mends this.*nobody hears it/);
    await hearer.bodies(2);
    t.same(heard(), [`us-east-1 ${held} private`, `us-west-2 ${other} private`]);
    await hearer.bind("#.held");
    t.equal(await announceOnce(announcer), 2);
    await hearer.bodies(4);
    t.same(heard().slice(2), [`us-east-1 ${held} held`, `us-east-1 ${behind} private`]);
  },
);

t.test("one process tells at a time", async (t) => {
  const { makePrivate, announcer } = await openBus(t);
  await makePrivate(1);
  let other: number | null = null;
  const slow = around(announcer.bulletins, {
    publish: async (message: BusMessage) => {
      other = await announceOnce(announcer);
      await announcer.bulletins.publish(message);
    },
  });
  t.equal(await announceOnce({ ...announcer, bulletins: slow }), 1);
  t.equal(other, 0);
});

t.test("an image is told a day before it is made private, and once", async (t) => {
  const { announcer, reporter, hearer, heard, clock, image, connection } = await openBus(t);
  const upload = { region: "us-east-1", composeId: "Fedora-Rawhide-20261124.n.0", imageName: null, arch: "x86_64" };
  const decision = { kind: "delete", rule: "nightly", reason: "a nightly compose" } as const;
  const [first, second] = ["ami-00000000000000001", "ami-00000000000000002"];
  await reporter.schedule.add({ ...upload, amiId: first, uploadedAt: clock.now() }, decision, "ingest");
  await reporter.schedule.add({ ...upload, amiId: second, uploadedAt: clock.now() + DAY_MS }, decision, "ingest");
  clock.advance(PERIODS.privateAfterMs - DAY_MS - HOUR_MS);
  t.equal(await announceOnce(announcer), 0);
  clock.advance(2 * HOUR_MS);
  t.equal(await announceOnce(announcer), 1);
  t.equal(await announceOnce(announcer), 0);
  const [body] = await hearer.bodies(1);
  const record = await image(first);
  if (record === null) throw new Error("no record");
  t.match(body, { ami: first, when: formatInstant(record.privateAt), image_name: null });
  t.same(heard(), [`us-east-1 ${first} private_soon`]);
  clock.advance(DAY_MS);
  t.equal(await announceOnce(announcer), 1, "the second");
  t.equal(await connection.redis.zcard(connection.keys.control("reporter:bus:soon")), 1, "what is over is forgotten");
  clock.advance(2 * DAY_MS);
  t.equal(await announceOnce(announcer), 0, "what is overdue was told");
});
