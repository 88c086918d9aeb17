import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { DAY_MS } from "../../src/domain/time.ts";
import { REAL_COMPOSES } from "../fixtures/composes.ts";
import { runHere } from "../support/program/here.ts";
import type { Ended } from "../support/program/program.ts";
import { SAMPLES } from "../support/world/inputs/messages.ts";
import { addNightly, openWorld, UPLOADER, type World } from "../support/world/world.ts";

function run(args: readonly string[], input: string | Buffer = ""): Promise<Ended> {
  return runHere(args, { input });
}

/** A configuration that needs Redis alone, with the keys of this world. */
async function configOf(t: Test, world: World, more = ""): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "clean-amis-test-"));
  t.teardown(() => rm(dir, { recursive: true }));
  const file = join(dir, "config.toml");
  const prefix = world.connection.keys.format.replace(/:format$/, "");
  await writeFile(file, `[consumer_config]\nredis_prefix = "${prefix}"\n${more}`);
  return file;
}

t.test("classify --stdin answers every row of the table as it was written down by hand, one line each", async (t) => {
  const questions = REAL_COMPOSES.map(({ id, label, isReleased }) => ({
    compose_id: id,
    ...(label === undefined ? {} : { label }),
    ...(isReleased ? { released: true } : {}),
  }));
  const { code, out, err } = await run(
    ["classify", "--stdin"],
    questions.map((each) => JSON.stringify(each)).join("\n"),
  );
  t.same([code, err], [0, ""]);
  const answers = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  t.same(
    answers.map((answer) => [answer["compose_id"], answer["decision"], answer["rule"]]),
    REAL_COMPOSES.map(({ id, decision, rule }) => [id, decision, decision === "unresolved" ? null : rule]),
  );
});

t.test("classify --stdin takes any string for a compose, and answers what is no question with its line", async (t) => {
  const odd = ["", "__proto__", "\u0000", "x".repeat(5000), "ami-1", "💥", "constructor"];
  const lines = [
    ...odd.map((compose_id) => JSON.stringify({ compose_id })),
    "rubbish",
    "[]",
    '{"compose_id": 1}',
    "x".repeat(2 ** 21),
  ];
  const { code, out } = await run(["classify", "--stdin"], lines.join("\n"));
  t.equal(code, 0);
  const answers = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  t.equal(answers.length, lines.length);
  for (const answer of answers) t.match(answer, { decision: "keep", rule: "malformed", reason: String });
  t.same(
    answers.slice(odd.length).map((answer) => answer["compose_id"]),
    [null, null, null, null],
  );
});

t.test("classify tells the decision on one compose, and refuses words that contradict each other", async (t) => {
  t.match((await run(["classify", "Fedora-43-20261020.0", "--label", "RC-1.6"])).out, /keep \(ga\)/);
  t.match((await run(["classify", "Fedora-Rawhide-20261120.n.0"])).out, /delete \(nightly\)/);
  t.match((await run(["classify", "Fedora-Rawhide-20261120.n.0", "--released"])).out, /keep \(released-two-week\)/);
  t.match((await run(["classify", "Fedora-43-20261020.0", "--no-label"])).out, /keep \(unlabelled\)/);
  for (const args of [[], ["a", "b"], ["a", "--label", "x", "--no-label"], ["a", "--bogus"]]) {
    const { code, err } = await run(["classify", ...args]);
    t.equal(code, 2, args.join(" "));
    t.match(err, /^clean-amis: [^\n]+\n$/);
  }
});

t.test("explain tells a kept release, a nightly half-way and a deleted one, long after", async (t) => {
  const world = await openWorld(t);
  const config = await configOf(t, world);
  const ga = "ami-000000000000000aa";
  await world.hear("pungi.compose.status.change", {
    compose_id: "Fedora-43-20261020.0",
    compose_type: "production",
    compose_label: "RC-1.6",
  });
  const body = {
    architecture: "x86_64",
    compose_id: "Fedora-43-20261020.0",
    image_name: "x",
    regions: { "us-east-1": ga },
  };
  await world.hear(UPLOADER, body);
  const done = addNightly(world, 1);
  await world.hear(UPLOADER, done.message);
  world.clock.advance(5 * DAY_MS);
  await world.tick();
  await world.report();
  const halfWay = addNightly(world, 2);
  await world.hear(UPLOADER, halfWay.message);
  world.clock.advance(10 * DAY_MS);
  await world.tick();
  await world.report();
  const explain = async (subject: string): Promise<string> => {
    const { code, out, err } = await run(["explain", subject, "--config", config]);
    t.same([code, err], [0, ""], subject);
    t.comment(out);
    return out;
  };
  t.match(await explain(ga), /kept[^]*ga[^]*RC-1\.6[^]*pungi[^]*scheduled/);
  t.match(await explain(halfWay.amiId), /private[^]*nightly[^]*made-private[^]*noticed/);
  t.match(await explain(done.amiId), /deleted[^]*scheduled[^]*made-private[^]*noticed[^]*deleting[^]*deleted/);
  t.match(await explain("Fedora-43-20261020.0"), new RegExp(`keep \\(ga\\)[^]*${ga}`));
  const { out } = await run(["explain", done.amiId, "--json", "--config", config]);
  t.match(JSON.parse(out.trimEnd().split("\n")[0] ?? ""), { stage: "deleted" });
});

t.test("explain says in one line what it does not know, and refuses what is no id", async (t) => {
  const config = await configOf(t, await openWorld(t));
  const unknown = await run(["explain", "ami-0123456789abcdef0", "--config", config]);
  t.equal(unknown.code, 1);
  t.match(unknown.out + unknown.err, /not known/);
  for (const subject of ["ami-1", "../x", "a b"])
    t.equal((await run(["explain", subject, "--config", config])).code, 2, subject);
});

t.test(
  "replay puts stored messages through decode and decision, and tells what another policy would change",
  async (t) => {
    const world = await openWorld(t);
    const config = await configOf(t, world);
    const other = await configOf(t, world, "[consumer_config.policy]\ndelete_unlabelled = true\nkeep_newest = 1\n");
    const file = `${config}.jsonl`;
    const nightly = (day: string, ami: string): object => ({
      topic: "org.fedoraproject.prod.fedimg.image.publish",
      id: day,
      headers: {},
      queue: null,
      body: {
        compose: `Fedora-Rawhide-${day}.n.0`,
        destination: "us-east-1",
        architecture: "x86_64",
        extra: { id: ami },
      },
    });
    const dumps = SAMPLES.filter(({ id }) => !id.startsWith("datagrepper-"));
    const lines = [
      ...dumps,
      nightly("20261120", "ami-0aaaaaaaaaaaaaaa8"),
      nightly("20261121", "ami-0aaaaaaaaaaaaaaa9"),
    ];
    await writeFile(file, [...lines.map((line) => JSON.stringify(line)), "rubbish", "\u0000\u0001", ""].join("\n"));
    const plain = await run(["replay", file]);
    t.same([plain.code, plain.err], [0, ""]);
    t.match(plain.out, /ami-0aaaaaaaaaaaaaaa8[^\n]*delete \(nightly\)/);
    t.match(plain.out, /rejected/);
    const changed = await run(["replay", file, "--policy", other]);
    t.match(changed.out, /ami-0aaaaaaaaaaaaaaa9[^\n]*newest/);
    t.notMatch(changed.out, /ami-0aaaaaaaaaaaaaaa8/, "what stays as it is is not printed");
    const missing = await run(["replay", `${file}.none`]);
    t.equal(missing.code, 2);
    t.match(missing.err, /^clean-amis: [^\n]+\n$/);
    await writeFile(file, "");
    t.equal((await run(["replay", file])).code, 0, "an empty file");
  },
);
