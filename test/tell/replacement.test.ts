import { Ajv2020 } from "ajv/dist/2020.js";
import t from "tap";
import { redisSoonTold } from "../../src/adapters/redis/control/soon.ts";
import { redisJournal } from "../../src/adapters/redis/journal.ts";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { readSchema } from "../../src/schema.ts";
import { announceOnce } from "../../src/tell/bulletins.ts";
import { runOver } from "../support/program/listing.ts";
import { silentLog } from "../support/run/log.ts";
import { Hearer } from "../support/servers/broker/hearer.ts";
import { addNightly, openWorld, UPLOADER } from "../support/world/world.ts";

const nameOf = (number: number): string => `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-2026112${number}.0`;

t.test(
  "whoever loses an image is told what to go over to: a day before, when it goes, and when it is deleted",
  async (t) => {
    const world = await openWorld(t);
    const { clock, reporter, connection } = world;
    const hearer = await Hearer.open(t);
    const announcer = {
      ...reporter,
      journal: redisJournal(connection, "bus", silentLog),
      soonTold: redisSoonTold(connection, "bus"),
      bulletins: hearer.publisher(t),
    };
    await announceOnce(announcer);
    const [old, young, last] = [addNightly(world, 1), addNightly(world, 5), addNightly(world, 9)];
    await world.hear(UPLOADER, old.message);
    clock.advance(4 * DAY_MS + HOUR_MS);
    await world.hear(UPLOADER, young.message);
    await announceOnce(announcer);
    clock.advance(DAY_MS);
    await world.tick();
    await world.report();
    await announceOnce(announcer);
    const report = world.posts().join("\n");
    t.match(report, `name: \`${nameOf(1)}\`; go over to: \`${nameOf(5)}\`\n`);
    t.match(report, "Behind “go over to” stands the name in Amazon EC2 of the newest image of the same kind");
    t.notMatch(report, young.amiId, "who looks for that id finds no post that tells of it");
    const explained = await runOver(t, connection, "explain", old.amiId);
    t.match(explained.out.replaceAll(/\s+/g, " "), `go over to ${young.amiId}, ${nameOf(5)}`);
    const json = JSON.parse((await runOver(t, connection, "explain", old.amiId, "--json")).out) as object;
    const toYoung = { ami: young.amiId, compose_id: young.composeId, image_name: nameOf(5) };
    t.match(json, { replacement: toYoung });

    clock.advance(10 * DAY_MS);
    for (let pass = 0; pass < 2; pass += 1) await world.tick();
    await world.report();
    await world.hear(UPLOADER, last.message);
    await announceOnce(announcer);
    const bodies = await hearer.bodies(4);
    const ofOld = bodies.filter(({ ami }) => ami === old.amiId).map(({ replacement }) => replacement);
    const toLast = { ami: last.amiId, compose_id: last.composeId, image_name: nameOf(9) };
    t.same(ofOld, [toYoung, toYoung, toLast], "by what is the newest when it is told");
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const kinds = hearer.heard.map(({ fields }) => fields.routingKey.split(".").slice(-3).join("."));
    for (const [index, kind] of kinds.entries())
      t.ok(ajv.compile({ ...readSchema(`${kind}.json`), $id: `${index}` })(bodies[index]), kind);
  },
);

t.test("where nothing newer is known, nothing is said of it", async (t) => {
  const world = await openWorld(t);
  const { connection } = world;
  const [old, young] = [addNightly(world, 1), addNightly(world, 2)];
  await world.hear(UPLOADER, old.message);
  world.clock.advance(HOUR_MS);
  await world.hear(UPLOADER, young.message);
  world.clock.advance(5 * DAY_MS);
  await world.tick();
  await world.report();
  t.notMatch(world.posts().join("\n"), "go over to", "the newer one went at the same time");
  for (const { amiId } of [old, young]) {
    t.notMatch((await runOver(t, connection, "explain", amiId)).out, "go over to");
    t.match(JSON.parse((await runOver(t, connection, "explain", amiId, "--json")).out), { replacement: null });
  }
});
