import t, { type Test } from "tap";
import { openComposeHost } from "../../src/adapters/compose-host.ts";
import { startComposeHost } from "../../src/demo/outside/compose-host.ts";
import { refusalOf } from "../../src/domain/plan/refusal.ts";
import { DAY_MS, parseInstant } from "../../src/domain/time.ts";
import { RefusedError } from "../../src/errors.ts";
import { reportOnce } from "../../src/tell/report.ts";
import { runOver } from "../support/program/listing.ts";
import { silentLog } from "../support/run/log.ts";
import { fieldCase, type FieldCase } from "../support/world/inputs/cases.ts";
import { SettableClock } from "../support/world/clock.ts";
import { openWorld, START, type World } from "../support/world/world.ts";

/** What becomes of an image: it is gone, everybody can use it, or only its owner can. */
type Fate = "deleted" | "public" | "private";

interface HeardMessage {
  readonly topic: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
}

/** `expected` has a fate by AMI; its other words are what else a person must see. */
interface WorldCase extends FieldCase<Readonly<Record<string, string>>> {
  readonly images: readonly {
    readonly region: string;
    readonly id: string;
    readonly name: string;
    readonly tags: Readonly<Record<string, string>>;
  }[];
  readonly messages: readonly HeardMessage[];
  /** A second stands for a day. */
  readonly waitSeconds: number;
  /** What the compose host answers by path, whatever it has. */
  readonly overrides?: readonly { readonly path: string; readonly status: number; readonly body: string }[];
  /** The status that Pagure answers so many calls with. */
  readonly pagure?: { readonly mode: string; readonly left: number };
}

/** A world in which a case's images stand and its messages were heard, and what was logged as an error since. */
interface Played {
  readonly world: World;
  readonly errors: readonly string[];
  /** Lets days pass, on each of which the whole service does its work. */
  readonly pass: (days: number) => Promise<void>;
  readonly fates: () => Readonly<Record<string, Fate>>;
}

async function play(t: Test, field: WorldCase): Promise<Played> {
  const host = await startComposeHost();
  t.teardown(() => host.close());
  for (const { path, status, body } of field.overrides ?? [])
    host.fail({
      path: new RegExp(`^${path.replaceAll(".", "\\.")}$`),
      times: Infinity,
      trouble: { kind: "answer", status, body },
    });
  const access = { url: host.url, userAgent: "clean-amis/test", timeoutMs: 30_000, clock: new SettableClock(START) };
  const world = await openWorld(t, { sources: [openComposeHost(access)] });
  if (field.pagure !== undefined) {
    const trouble = { kind: "answer", status: Number(field.pagure.mode), body: "<h1>Gone</h1>" } as const;
    world.pagure.fail({ times: field.pagure.left, trouble });
  }
  for (const { region, id, name, tags } of field.images)
    world.simulator.addImage(region, { id, name, tags, createdAt: START, snapshots: [{ isPublic: true }] });
  const inWords = JSON.stringify(field.messages).replaceAll("{compose-host}", host.url);
  for (const message of JSON.parse(inWords) as readonly HeardMessage[]) await hear(world, message);
  const errors: string[] = [];
  const error = (_: object, message: string): void => void errors.push(message);
  const reporter = { ...world.reporter, log: { ...silentLog, error } };
  const regions = [...new Set(field.images.map(({ region }) => region))];
  return {
    world,
    errors,
    pass: async (days) => {
      for (let day = 0; day < days; day += 1) {
        world.clock.advance(DAY_MS);
        for (const region of regions) {
          await world.resolve(region);
          await world.tick(region);
        }
        await reportOnce(reporter).catch((problem: unknown) => {
          if (!(problem instanceof RefusedError)) throw problem;
        });
      }
    },
    fates: () => Object.fromEntries(field.images.map(({ region, id }) => [id, fateOf(world, region, id)])),
  };
}

function hear(world: World, { topic, headers, body }: HeardMessage): Promise<unknown> {
  const sentAt = parseInstant(headers?.["sent-at"] ?? "") ?? world.clock.now();
  return world.hear(topic.replace("org.fedoraproject.prod.", ""), body, sentAt);
}

function fateOf({ simulator }: World, region: string, id: string): Fate {
  const image = simulator.image(region, id);
  if (image === null || image.state === "deregistered") return "deleted";
  return image.permission.isPublic ? "public" : "private";
}

function fatesExpected({ expected }: WorldCase): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(expected).filter(([key]) => key.startsWith("ami-")));
}

for (const number of ["01", "05", "07", "10", "12", "31", "35"]) {
  const field = fieldCase(number) as WorldCase;
  t.test(`case ${number}: ${field.why}`, async (t) => {
    const { pass, fates } = await play(t, field);
    await pass(field.waitSeconds);
    t.same(fates(), fatesExpected(field));
  });
}

t.test("case 10: a lasting 403 is shown where a person looks", async (t) => {
  const field = fieldCase("10") as WorldCase;
  const { world, pass } = await play(t, field);
  await pass(7);
  const [{ id } = { id: "" }] = field.images;
  const refused = await runOver(t, world.connection, "queue", "--refused");
  t.match(refused, { code: 0, out: new RegExp(`${id}[^]*composeinfo[^]*clean-amis doctor`) });
  const stats = await runOver(t, world.connection, "queue", "stats", "--json");
  t.match(JSON.parse(stats.out), { regions: [{ region: "us-west-2", refused: 1 }] });
});

t.test("what a compose host answers for ever leaves the image alone, and is refused after a day", async (t) => {
  const field = fieldCase("10") as WorldCase;
  const answers: readonly (readonly [status: number, body: string])[] = [
    [403, "<html><title>403 Forbidden</title></html>"],
    [401, "<h1>Unauthorized</h1>"],
    [200, "<!doctype html><title>Making sure you're not a bot!</title>"],
    [429, "<h1>Too Many Requests</h1>"],
    [451, "Unavailable"],
    [503, "<h1>Service Unavailable</h1>"],
  ];
  for (const [status, body] of answers) {
    const overrides = (field.overrides ?? []).map((each) => ({ ...each, status, body }));
    const { world, pass, fates } = await play(t, { ...field, overrides });
    const [{ region, id } = { region: "", id: "" }] = field.images;
    const refusal = async () => {
      const image = await world.ticker.schedule.get(region, id);
      return image === null ? null : refusalOf(image);
    };
    await pass(5);
    t.equal(await refusal(), null, `${status}: on its day it is asked once more`);
    await pass(2);
    t.match(await refusal(), { code: "unanswered", reason: /composeinfo/, cure: /clean-amis doctor/ }, String(status));
    await pass(10);
    t.match(await refusal(), { code: "unanswered" }, `${status}: and for ever`);
    t.same(fates(), { [id]: "public" });
    t.match(world.posts().join("\n"), id, "the public reads of it");
  }
});

t.test("repeats of an announcement, in any order and however they are dated, move no deadline", async (t) => {
  const field = fieldCase("31") as WorldCase;
  const [fact, first, ...repeats] = field.messages;
  const [{ region, id } = { region: "", id: "" }] = field.images;
  if (fact === undefined || first === undefined) throw new Error("the case has no messages");
  const { world, pass, fates } = await play(t, { ...field, messages: [fact, first] });
  const deadlines = async () => {
    const image = await world.ticker.schedule.get(region, id);
    const waits = await world.ticker.schedule.waiting(region, id);
    return { privateAt: image?.privateAt, deleteAt: image?.deleteAt, uploadedAt: image?.uploadedAt, ...waits };
  };
  for (const days of [0, 3, 3, 8]) {
    await pass(days);
    const before = await deadlines();
    for (const message of [...repeats, fact, ...[...repeats].reverse(), first]) await hear(world, message);
    t.same(await deadlines(), before, `${days} days later`);
  }
  t.same(fates(), { [id]: "private" });
  await pass(3);
  t.same(fates(), { [id]: "deleted" });
});

t.test("an announcement that is first heard with an absurd date makes nothing private early", async (t) => {
  const field = fieldCase("31") as WorldCase;
  for (const order of [
    [3, 0, 2, 1],
    [2, 3, 1, 0],
    [2, 0, 1, 3],
  ]) {
    const { pass, fates } = await play(t, { ...field, messages: order.flatMap((at) => field.messages[at] ?? []) });
    await pass(4);
    t.same(fates(), fatesExpected(field), `order ${order.join(", ")}, after four days`);
    await pass(2);
    t.same([...Object.values(fates())], ["private"], "and after six it is late for none");
  }
});

t.test("a tracker that is closed for good costs no image, and is an error in the log", async (t) => {
  const field = fieldCase("35") as WorldCase;
  for (const mode of ["410", "404", "301", "403"]) {
    const { world, errors, pass, fates } = await play(t, { ...field, pagure: { mode, left: Infinity } });
    await pass(30);
    t.same(fates(), fatesExpected(field), mode);
    t.same(world.posts(), []);
    t.ok(errors.length >= 25, `${errors.length} errors in 30 days`);
    t.match(errors.at(-1), /cannot be posted until a person mends this/);
  }
});
