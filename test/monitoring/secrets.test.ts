import t from "tap";
import { DAY_MS } from "../../src/domain/time.ts";
import { carryOutOrders } from "../../src/operate/orders.ts";
import { openServed, type Served } from "../support/servers/monitoring.ts";
import { rememberHeard } from "../support/servers/redis/redis.ts";
import { addNightly, REGION, UPLOADER } from "../support/world/world.ts";

/** What may stand in any text that comes from outside, and nowhere in a page. */
const SECRETS = ["125523088429", "arn:aws:iam::125523088429:user/secret", "AKIAIOSFODNN7EXAMPLE", "10.0.0.7"];
const HOSTS = ["ip-10-0-0-7.eu-west-1.compute.internal", "redis.fedora.lan", "c2f8e1a0-1111-2222-3333-444455556666"];
const LEAK = [...SECRETS, ...HOSTS].join(" ");

/** Everything that is told of images, composes, people and services says what must not be public. */
async function leakEverywhere({ world, store }: Served) {
  const [made, refused, held, hostile, newest] = [1, 2, 3, 4, 5].map((number) => addNightly(world, number));
  if (
    made === undefined ||
    refused === undefined ||
    held === undefined ||
    hostile === undefined ||
    newest === undefined
  )
    throw new Error("there are five");
  const now = world.clock.now();
  const base = { composeId: made.composeId, at: now, by: `https://redis.fedora.lan/${SECRETS[0] ?? ""}` };
  const location = "https://ip-10-0-0-7.eu-west-1.compute.internal/composes";
  await store.facts.remember({ ...base, source: "pungi", type: "nightly", label: null, location });
  await store.facts.remember({ ...base, composeId: hostile.composeId, source: "pungi", label: LEAK });
  await store.facts.remember({ ...base, composeId: hostile.composeId, source: "pungi", label: "RC-1.1" });
  for (const { message } of [made, refused, held]) await world.hear(UPLOADER, message);
  await world.hear(UPLOADER, { ...hostile.message, image_name: `Fedora ${LEAK}` });
  world.clock.advance(5 * DAY_MS + 1000);
  const action = "ModifyImageAttribute";
  const fault = { kind: "error", code: "UnauthorizedOperation", message: LEAK, action, times: Infinity } as const;
  world.simulator.faults.add({ ...fault, resource: refused.amiId });
  await world.tick();
  await world.resolve();
  await world.report();
  await world.hear(UPLOADER, { ...newest.message, image_name: `Fedora ${LEAK}` });
  const words = { verb: "hold", by: LEAK, why: LEAK, until: null, at: world.clock.now() } as const;
  await world.clerk.orders.add({ ...words, images: [{ region: REGION, amiId: held.amiId }], composeId: null });
  await carryOutOrders(world.clerk);
  await renameMadePrivate(world);
  await tellTrouble({ world, store });
  await rememberHeard(world.connection, world.clock.now());
  return [made, refused, held, hostile, newest];
}

/** Of what was made private, one more is told, with another name. */
async function renameMadePrivate({ connection: { redis, keys } }: Served["world"]): Promise<void> {
  const events = await redis.xrange(keys.events(REGION), "-", "+");
  const [, told = []] = events.find(([, fields]) => fields.includes("made-private")) ?? [];
  await redis.xadd(keys.events(REGION), "*", ...told.with(told.indexOf("name") + 1, `Fedora ${LEAK}`));
}

/** A pause, a stop, a breaker, a report that fails and a replica, each with words of others. */
async function tellTrouble({ world, store }: Pick<Served, "world" | "store">): Promise<void> {
  const now = world.clock.now();
  const { redis, keys } = world.connection;
  await store.budgets.pause(LEAK, LEAK, now);
  await redis.hset(
    keys.control("stopped"),
    "delete",
    JSON.stringify({ reason: LEAK, since: new Date(now).toISOString() }),
  );
  await store.breakers.set("eu-west-1", { trouble: "failing", since: now, askAgainAt: now, times: 1, code: LEAK });
  await store.pulse.beat("ip-10-0-0-7.eu-west-1.compute.internal-0123abcd", now, { tick: now }, [
    { pass: "ticker us-east-1", since: now },
  ]);
  const lease = await world.reporter.journal.reporterLease();
  await lease?.noteStatus({ state: "failing", since: now, reason: LEAK, checkedAt: now });
  await lease?.end();
}

t.test("whatever others say, no page has an account, a key, an address, a host or a request's id", async (t) => {
  const served = await openServed(t);
  const images = await leakEverywhere(served);
  const paths = [
    ...["/", "/ready", "/metrics", "/find?q=x86_64-Rawhide", "/find?q=Fedora", "/feed.atom"],
    ...["/api/v1/stats", "/api/v1/queue", "/api/v1/events?since=30d"],
    ...images.flatMap(({ amiId }) => [
      `/find?q=${amiId}`,
      `/api/v1/images/${amiId}`,
      `/api/v1/images/${REGION}/${amiId}`,
    ]),
    ...images.flatMap(({ composeId }) => [
      ...[`/find?q=${composeId}`, `/api/v1/composes/${composeId}`, `/feed.atom?compose=${composeId}`],
    ]),
  ];
  t.notMatch(
    await served.text(`/find?q=${images[0]?.amiId ?? ""}`),
    images[4]?.amiId ?? "",
    "nobody is led to the newest, whose name is not its compose's",
  );
  t.match(await served.text("/feed.atom"), "Fedora … …", "the name is shown without them");
  for (const path of paths) {
    // What our own double of Pagure is called is public.
    const page = (await served.text(path)).replaceAll(served.world.pagure.url, "");
    for (const secret of [...SECRETS, ...HOSTS]) t.notMatch(page, secret, `${path}: ${secret}`);
  }
});
