import t from "tap";
import { redisComments } from "../../src/adapters/redis/comments.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import { openObjecting, OPERATOR, type Objecting } from "../support/scenes/objecting.ts";

const PROJECT = "ami-reports";

/** How many comments are known to be answered, and how many of them have a date. */
async function known({ connection: { redis, keys } }: Objecting): Promise<readonly [number, number]> {
  const key = keys.control("comments:pagure:handled");
  return [await redis.hlen(key), await redis.zcard(keys.control("comments:pagure:handled:dates"))];
}

/** What a process that was started anew remembers. */
function anew({ connection }: Objecting) {
  return { memory: redisComments(connection, "pagure") };
}

t.test("what was answered is forgotten after 400 days, and never done again", async (t) => {
  const scene = await openObjecting(t);
  const { amiId } = scene.nightly;
  scene.comment(OPERATOR, `hold ${amiId}`);
  t.same(await scene.read(), { read: 1, answered: 1 });
  scene.clock.advance(DAY_MS);
  await scene.read();
  t.same(await known(scene), [1, 1]);
  scene.clock.advance(395 * DAY_MS);
  await scene.read();
  t.same(await known(scene), [1, 1]);
  scene.clock.advance(6 * DAY_MS);
  await scene.read();
  t.same(await known(scene), [0, 0]);
  scene.comment("somebody", "I look at an old report");
  t.match(await scene.read(), { read: 1 }, "the new one alone");
  t.equal(scene.answers().length, 1);
});

t.test("an old comment that is edited is heard, and is known for another 400 days", async (t) => {
  const scene = await openObjecting(t);
  const id = scene.comment("somebody", "hm");
  await scene.read();
  scene.clock.advance(399 * DAY_MS);
  await scene.read();
  scene.pagure.tracker.editComment(PROJECT, 1, id, `hold ${scene.nightly.amiId}`);
  t.same(await scene.read(), { read: 1, answered: 1 });
  t.equal(await scene.field(scene.nightly.amiId, "stage"), "held");
  for (const days of [2, 380]) {
    scene.clock.advance(days * DAY_MS);
    t.same(await scene.read(anew(scene)), { read: 0, answered: 0 });
    t.same(await known(scene), [1, 1], `${days} days later`);
  }
});

t.test("what an older version answered has its date from the first reading of this one", async (t) => {
  const scene = await openObjecting(t);
  scene.comment("somebody", "hm");
  await scene.read();
  const { redis, keys } = scene.connection;
  await redis.del(keys.control("comments:pagure:handled:dates"));
  await scene.read(anew(scene));
  t.same(await known(scene), [1, 1]);
});
