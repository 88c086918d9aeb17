import t from "tap";
import { redisRejected } from "../../../src/adapters/redis/rejected.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";

const ENTRY = { reason: "no JSON object", messageId: "id-1", topic: "org.fedoraproject.prod.x", sentAt: "", at: 0 };

t.test("a message is rejected once, however often and from wherever it is read", async (t) => {
  const rejected = redisRejected(await openTestRedis(t));
  const bus = { ...ENTRY, body: Buffer.from('{"a": [1, NaN], "b": null}') };
  const archived = { ...bus, body: Buffer.from('{"a":[1,NaN],"b":null}') };
  t.same(await Promise.all([rejected.add(bus), rejected.add(bus)]), [true, false]);
  t.equal(await rejected.add(archived), false, "the archive writes the same JSON with other blanks");
  t.equal(await rejected.count(), 1);
  await rejected.remove([(await rejected.lastId()) ?? ""]);
  t.equal(await rejected.add(bus), false, "nor does it come back when a person has taken it out");
  for (const other of [{ messageId: "id-2" }, { topic: "x" }, { body: Buffer.from("[") }])
    t.equal(await rejected.add({ ...bus, ...other }), true);
  t.equal(await rejected.count(), 3);
});

t.test(
  "those of one turn go to Redis together, in pieces that hold nobody up, and each is answered for itself",
  async (t) => {
    const connection = await openTestRedis(t);
    const rejected = redisRejected(connection);
    const { redis } = connection;
    const send = redis.sendCommand.bind(redis);
    let scripts = 0;
    redis.sendCommand = (...args: Parameters<typeof send>) => {
      if (args[0].name === "evalsha") scripts += 1;
      return send(...args);
    };
    const entries = Array.from({ length: 40 }, (_, index) => ({
      ...ENTRY,
      messageId: `id-${index % 39}`,
      body: Buffer.alloc(100_000, "x"),
    }));
    const added = await Promise.all(entries.map((entry) => rejected.add(entry)));
    t.equal(scripts, 7, "six of 100 kB at a time");
    t.same(added, [...Array<boolean>(39).fill(true), false], "the last has come before");
    const ids = (await rejected.page(null, 100)).map(({ messageId }) => messageId);
    t.same(
      ids,
      entries.slice(0, 39).map(({ messageId }) => messageId),
      "in their order",
    );
  },
);
