import t, { type Test } from "tap";
import { DAY_MS } from "../../../src/domain/time.ts";
import { carryOutOrders } from "../../../src/operate/orders.ts";
import { runHere } from "../../support/program/here.ts";
import { runOver } from "../../support/program/listing.ts";
import { configFile, isRefusal, type Ended } from "../../support/program/program.ts";
import { addNightly, openWorld, REGION, UPLOADER, type Nightly, type World } from "../../support/world/world.ts";

const OTHER_REGION = "eu-west-1";
const UNKNOWN = "ami-0123456789abcdef0";

/** One nightly with an image in a region, whose AMI id a second region knows as well when it is asked for. */
async function oneImage(t: Test, isAmbiguous = false): Promise<[World, Nightly]> {
  const world = await openWorld(t);
  const nightly = addNightly(world);
  const regions = { [REGION]: nightly.amiId, ...(isAmbiguous ? { [OTHER_REGION]: nightly.amiId } : {}) };
  await world.hear(UPLOADER, { ...nightly.message, regions });
  return [world, nightly];
}

function order(t: Test, world: World, ...args: readonly string[]): Promise<Ended> {
  return runOver(t, world.connection, ...args);
}

async function isUntouched(t: Test, world: World, amiId: string): Promise<void> {
  const { redis, keys } = world.connection;
  t.equal(await redis.exists(keys.control("requests")), 0, "nothing is queued");
  t.equal(await redis.hget(keys.image(REGION, amiId), "stage"), "public", "its stage stands");
}

const WHY = ["--reason", "a test"];

t.test("an order that cannot be meant ends with 2 and one line, and nothing is done", async (t) => {
  const [world, { amiId, composeId }] = await oneImage(t);
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [["hold", "ami-xyz", ...WHY], /hold: "ami-xyz" is no AMI id \(ami- and 8 or 17 hexadecimal digits\)/],
    [["hold", `mars-north-x/${amiId}`, ...WHY], /hold: "mars-north-x" is no region of EC2/],
    [["hold", UNKNOWN, ...WHY], /hold: ami-0123456789abcdef0 is not known in any region; nothing is done/],
    [["hold", `${OTHER_REGION}/${amiId}`, ...WHY], /is not known in eu-west-1; nothing is done/],
    [["hold", amiId, ...WHY, "--until", "2020-01-01"], /hold: --until "2020-01-01" is in the past/],
    [["hold", amiId, ...WHY, "--until", "2026-02-30"], /hold: --until "2026-02-30": a day like/],
    [["hold", amiId, ...WHY, "--until", "soon"], /hold: --until "soon": a day like/],
    [["hold", amiId], /hold: give a --reason/],
    [["restore", amiId], /restore: give a --reason/],
    [["hold", ...WHY], /hold: give AMIs, or --compose with one compose/],
    [["hold", amiId, "--compose", composeId, ...WHY], /hold: give AMIs, or --compose with one compose/],
    [["hold", "--compose", "no compose\u0007", ...WHY], /hold: --compose .* is no compose id/],
    [["restore", "--compose", "Fedora-Rawhide-20200101.n.0", ...WHY], /restore: no image of .* is known/],
    [["release", UNKNOWN], /release: ami-0123456789abcdef0 is not known/],
    [["retry", amiId, "--until", "14d"], /retry: Unknown option '--until'/],
    [["release", amiId, "--wait", "long"], /release: --wait "long": a whole number and s, m, h or d/],
  ];
  for (const [args, line] of refused) isRefusal(t, await order(t, world, ...args), 2, line);
  await isUntouched(t, world, amiId);
});

t.test("an AMI id that several regions know has to be given with its region", async (t) => {
  const [world, { amiId }] = await oneImage(t, true);
  const refusal = await order(t, world, "hold", amiId, ...WHY);
  isRefusal(t, refusal, 2, /is known in eu-west-1 and us-east-1: write eu-west-1\/ami-\w+; nothing is done/);
  await isUntouched(t, world, amiId);
  const queued = await order(t, world, "hold", `${REGION}/${amiId}`, ...WHY, "--wait", "0s");
  isRefusal(t, queued, 1, /hold: queued as \d+-\d+, and not carried out yet: no service has answered/);
});

t.test("an order about many images is not taken without --yes where nobody can be asked", async (t) => {
  const [world, { amiId, composeId }] = await oneImage(t, true);
  const refusal = await order(t, world, "hold", "--compose", composeId, ...WHY);
  isRefusal(t, refusal, 2, /hold 2 images of Fedora-Rawhide-20261121\.n\.0: give --yes, as nobody can be asked here/);
  await isUntouched(t, world, amiId);
});

t.test("an order is answered, image by image, with what happened and what happens next", async (t) => {
  const [world, { amiId, composeId }] = await oneImage(t, true);
  world.clock.advance(DAY_MS);
  const asked = order(t, world, "hold", "--compose", composeId, ...WHY, "--yes", "--by", "tester", "--json");
  while ((await carryOutOrders(world.clerk)) === 0) await world.connection.redis.ping();
  const { code, out, err } = await asked;
  t.same([code, err], [0, ""]);
  const answers = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  t.match(answers[0], { region: null, happened: `${composeId} is held`, next: /images to come are held, too/ });
  t.same(
    answers
      .slice(1)
      .map(({ region }) => region)
      .sort(),
    [OTHER_REGION, REGION],
  );
  for (const answer of answers.slice(1))
    t.match(answer, { amiId, happened: "held", next: /it stays as it is until somebody releases it/ });
});

t.test("what is deleted or gone is answered at once, with no service, and only the rest is queued", async (t) => {
  const [world, { amiId, composeId }] = await oneImage(t, true);
  const { redis, keys } = world.connection;
  await redis.hset(keys.image(REGION, amiId), "stage", "deleted");
  for (const verb of ["hold", "restore", "release", "retry"]) {
    const { code, out, err } = await order(t, world, verb, `${REGION}/${amiId}`, ...WHY);
    t.same([code, err], [0, ""]);
    t.equal(out, `${REGION} ${amiId}: too late: it is deleted; nothing can bring it back\n`, verb);
  }
  t.equal(await redis.exists(keys.control("requests")), 0, "nothing is queued");
  const both = [`${REGION}/${amiId}`, `${OTHER_REGION}/${amiId}`];
  const half = await order(t, world, "hold", ...both, ...WHY, "--wait", "0s");
  t.match(half, { code: 1, out: /^us-east-1 \S+: too late: [^\n]+\n$/, err: /hold: queued as/ });
  t.notMatch(JSON.stringify(await redis.xrange(keys.control("requests"), "-", "+")), REGION, "only what stands");

  await redis.del(keys.control("requests"));
  await redis.hset(keys.image(OTHER_REGION, amiId), "stage", "gone");
  const whole = await order(t, world, "restore", "--compose", composeId, ...WHY, "--json");
  t.same([whole.code, whole.err], [0, ""]);
  const answers = whole.out.trimEnd().split("\n");
  t.match(
    answers
      .map((line) => JSON.parse(line) as object)
      .map(({ happened }: { happened?: string }) => happened)
      .sort(),
    ["too late: it is deleted", "too late: it vanished from EC2"],
  );
  t.equal(await redis.exists(keys.control("requests")), 0);
  t.match(await order(t, world, "hold", "--compose", composeId, ...WHY, "--wait", "0s", "--yes"), { code: 1, out: "" });
  t.equal(await redis.exists(keys.control("requests")), 1, "a hold is about images to come, too");
});

t.test("who is interrupted is told that the order stands, or may stand", async (t) => {
  const [world, { amiId }] = await oneImage(t);
  const { redis, keys } = world.connection;
  const stop = new AbortController();
  const words = ["hold", amiId, ...WHY, "--wait", "1h", "--config", configFile(t, world.connection)];
  const asked = runHere(words, { stop: stop.signal });
  while ((await redis.exists(keys.control("requests"))) === 0) await redis.ping();
  stop.abort();
  isRefusal(
    t,
    await asked,
    1,
    /hold: (?:queued as \d+-\d+, and not carried out yet: |interrupted while it was queued: )/,
  );
});

t.test("a pause needs a reason, and a resume tells what it ended", async (t) => {
  const [world] = await oneImage(t);
  isRefusal(t, await order(t, world, "pause"), 2, /pause: give a --reason/);
  isRefusal(t, await order(t, world, "resume", "--only", "restore"), 2, /resume: --only "restore": private or delete/);
  t.match(await order(t, world, "pause", "--reason", "release day", "--by", "tester"), { code: 0, out: /^paused: / });
  t.match(await world.budgets.paused(), { by: "tester", why: "release day" });
  t.match(await order(t, world, "resume"), { code: 0, out: /^resumed: it was paused since .* by tester: release day/ });
  t.equal(await world.budgets.paused(), null);
  t.match(await order(t, world, "resume"), { code: 0, out: /^nothing was paused or stopped/ });
});
