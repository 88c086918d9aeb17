import { execFile } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import t, { type Test } from "tap";
import { redisFacts } from "../../../src/adapters/redis/facts.ts";
import { addFact, noFacts, type Fact } from "../../../src/domain/compose/facts.ts";
import { decode } from "../../../src/hear/decode.ts";
import { isRefusal, MAIN, runProgram, startProgram, type Ended } from "../../support/program/program.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";
import { fieldCase, type FieldCase } from "../../support/world/inputs/cases.ts";
import { delivered, SAMPLES } from "../../support/world/inputs/messages.ts";

const AMI = "ami-0aaaaaaaaaaaaaaa1";

const dump = (event: string, body: object, more: object = {}): string =>
  JSON.stringify({ topic: `org.fedoraproject.prod.${event}`, headers: {}, id: "id", body, queue: null, ...more });
const upload = (composeId: string, amiId = AMI, region = "us-east-1"): string =>
  dump("fedora_image_uploader.published.v1.aws", {
    architecture: "x86_64",
    compose_id: composeId,
    image_name: "x",
    regions: { [region]: amiId },
  });
const label = (composeId: string, text: string | null): string =>
  dump("pungi.compose.status.change", {
    status: "FINISHED",
    compose_id: composeId,
    compose_type: "production",
    compose_label: text,
  });

/** Replays lines in a folder that has no configuration. */
async function replay(t: Test, content: string | Buffer, ...args: string[]): Promise<Ended> {
  const dir = t.testdir({
    "messages.jsonl": content,
    "delete.toml": "[consumer_config.policy]\ndelete_unlabelled = true\n",
    "newest.toml": "[consumer_config.policy]\nkeep_newest = 1\n",
    "staging.toml": '[consumer_config]\nenvironments = ["stg"]\n',
  });
  return runProgram(t, ["replay", "messages.jsonl", ...args], { cwd: dir });
}

t.test("facts of the whole file count, wherever they stand, and an image is told once", async (t) => {
  const lines = [
    upload("Fedora-43-20261020.0"),
    upload("Fedora-43-20261020.0"),
    label("Fedora-43-20261020.0", "RC-1.6"),
  ];
  const { code, out, err } = await replay(t, lines.join("\n"));
  t.same([code, err], [0, ""]);
  t.equal(
    out,
    `us-east-1 ${AMI} Fedora-43-20261020.0: keep (ga): labelled RC-1.6: a release or a candidate for one is kept
3 lines
       1  with facts of composes
       2  with images
1 images, by the policy as shipped
       1  keep (ga)
`,
  );
});

t.test("an image of two composes is kept, as the service keeps it", async (t) => {
  const { out } = await replay(
    t,
    `${upload("Fedora-Rawhide-20261121.n.0")}\n${upload("Fedora-Rawhide-20261122.n.0")}\n`,
  );
  t.match(
    out,
    `${AMI} Fedora-Rawhide-20261121.n.0: keep (conflict): announced for compose Fedora-Rawhide-20261121.n.0, and`,
  );
});

t.test("another policy prints what it would change, and nothing else", async (t) => {
  const lines = [
    ...["20261120", "20261121", "20261122"].map((day, index) =>
      upload(`Fedora-Rawhide-${day}.n.0`, `${AMI.slice(0, -1)}${index}`),
    ),
    upload("Fedora-43-20261020.0", "ami-0bbbbbbbbbbbbbbb1", "eu-west-1"),
    label("Fedora-43-20261020.0", null),
    "rubbish",
  ].join("\n");
  t.match(
    (await replay(t, lines, "--policy", "delete.toml")).out,
    /^eu-west-1 ami-0bbbbbbbbbbbbbbb1 Fedora-43-20261020\.0: keep \(unlabelled\) -> delete \(unlabelled-deleted\): .*\n6 lines\n/,
  );
  const { out } = await replay(t, lines, "--policy", "newest.toml");
  t.match(
    out,
    /^us-east-1 ami-0aaaaaaaaaaaaaaa2 Fedora-Rawhide-20261122\.n\.0: delete \(nightly\) -> stays: among the newest 1.*\n6 lines\n/,
  );
  t.match(out, / 1 {2}delete \(nightly\) -> stays\n/);
  const same = await replay(t, lines, "--policy", "delete.toml", "--config", "delete.toml");
  t.match(same.out, /^6 lines\n/, "a policy changes nothing against itself");
});

t.test("the configuration's environments count", async (t) => {
  t.match(
    (await replay(t, upload("Fedora-Rawhide-20261121.n.0"), "--config", "staging.toml")).out,
    /1 {2}ignored: environment/,
  );
});

t.test("datagrepper's items are read like the bus's messages", async (t) => {
  const { topic, headers, ...body } = JSON.parse(upload("Fedora-Rawhide-20261121.n.0")) as Record<string, unknown>;
  const raw = { i: 0, msg_id: "2026-x", topic, headers, timestamp: 1763971200.0, msg: body["body"] };
  t.match((await replay(t, JSON.stringify(raw))).out, `${AMI} Fedora-Rawhide-20261121.n.0: delete (nightly)`);
});

t.test("every known message goes through", async (t) => {
  const { code, out, err } = await replay(t, SAMPLES.map((sample) => JSON.stringify(sample)).join("\n"));
  t.same([code, err], [0, ""]);
  t.match(out, new RegExp(`^${SAMPLES.length} lines$`, "m"));
});

t.test("what is no message is told with its line, and stops nothing", async (t) => {
  const bad = [
    "rubbish",
    "[]",
    "{}",
    '{"topic": 1, "body": {}}',
    '{"topic": "org.x", "body": 7}',
    dump("fedimg.image.upload", {}),
  ];
  const deep = `{"topic": "org.fedoraproject.prod.x", "body": ${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
  const evil = dump("fedora_image_uploader.published.v1.aws", {
    compose_id: "\u001b[2J",
    regions: { "\u001b[2Jx": 7 },
  });
  const { code, out, err } = await replay(
    t,
    [...bad, deep, evil, "", upload("Fedora-Rawhide-20261121.n.0")].join("\n"),
  );
  t.same([code, err], [0, ""]);
  for (let number = 1; number <= 8; number += 1) t.match(out, new RegExp(`^line ${number}: rejected: \\S`, "m"));
  t.match(out, /^us-east-1 .*delete \(nightly\)/m);
  t.match(out, /^[^\p{Cf}\u0000-\u0009\u000b-\u001f\u007f-\u009f]+$/u, "no control character");
});

t.test("an empty file says nothing, binary rubbish is told, a missing one ends with 2", async (t) => {
  t.same(await replay(t, ""), { code: 0, out: "0 lines\n0 images, by the policy as shipped\n", err: "" });
  const rubbish = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 256));
  const { code, out, err } = await replay(t, rubbish);
  t.same([code, err], [0, ""]);
  t.match(out, /rejected: not UTF-8/);
  isRefusal(
    t,
    await runProgram(t, ["replay", "/nowhere/x.jsonl"]),
    2,
    /"\/nowhere\/x\.jsonl" cannot be read \(ENOENT\)/,
  );
  isRefusal(t, await runProgram(t, ["replay", "/tmp"]), 2, /cannot be read \(EISDIR\)/);
  isRefusal(t, await runProgram(t, ["replay"]), 2, /give one FILE/);
  isRefusal(t, await runProgram(t, ["replay", "a", "b"]), 2, /give one FILE/);
  isRefusal(t, await replay(t, "", "--policy", "none.toml"), 2, /none\.toml does not exist/);
  isRefusal(t, await replay(t, "", "--config", "none.toml"), 2, /none\.toml does not exist/);
});

t.test("a file may be a pipe, and a reader that has seen enough is no error", async (t) => {
  const dir = t.testdir({ "m.jsonl": `${upload("Fedora-Rawhide-20261121.n.0")}\n` });
  const script = `cat m.jsonl | "${process.execPath}" "${MAIN}" replay /dev/stdin`;
  t.match((await promisify(execFile)("sh", ["-c", script], { cwd: dir })).stdout, /delete \(nightly\)[^]*1 images/);
  const many = Array.from({ length: 30_000 }, () => "rubbish").join("\n");
  const child = startProgram(t, ["replay", join(t.testdir({ "m.jsonl": many }), "m.jsonl")]);
  await once(child.stdout, "data");
  child.stdout.destroy();
  await once(child, "close");
  t.equal(child.exitCode, 0);
});

t.test("facts added up in memory are those that Redis remembers", async (t) => {
  const remembered = redisFacts(await openTestRedis(t));
  const composeId = "Fedora-Cloud-43-20261120.0";
  const made = (fact: Partial<Fact>): Fact => ({ composeId, source: "pungi", at: 0, by: "x", ...fact });
  const facts = [
    ...SAMPLES.flatMap((sample) => {
      const heard = decode(delivered(sample, sample.body), ["prod", "stg", "dev"]);
      return heard.kind === "facts" ? heard.facts : [];
    }),
    ...[made({ type: "production" }), made({ label: null }), made({ label: "RC-20261120.0" })],
    ...[made({ type: "nightly" }), made({ source: "composeinfo", label: "RC-1.2", location: "http://x" })],
    made({ released: true }),
  ];
  const known = new Map(facts.map((fact) => [fact.composeId, noFacts(fact.composeId)]));
  for (const fact of facts) {
    await remembered.remember(fact);
    known.set(fact.composeId, addFact(known.get(fact.composeId) ?? noFacts(fact.composeId), fact));
  }
  t.match(known.get(composeId)?.contradiction, 'pungi.label was "", then "RC-20261120.0"');
  t.same(await remembered.recall([...known.keys()]), [...known.values()]);
});

interface ReplayCase extends FieldCase<readonly string[]> {
  readonly messages: readonly object[];
}

t.test("case 29: messages of other topics that are near to ours are ignored", async (t) => {
  const { messages, expected } = fieldCase("29") as ReplayCase;
  t.same([...new Set(expected)], ["ignored"]);
  const { code, out } = await replay(t, messages.map((message) => JSON.stringify(message)).join("\n"));
  t.equal(code, 0);
  t.match(out, new RegExp(`^${messages.length} lines\\n +${messages.length} {2}ignored: topic\n`));
});

t.test("case 27: a body that an old archive wrapped is rejected, and told with a reason", async (t) => {
  const { messages, expected } = fieldCase("27") as ReplayCase;
  t.same(expected, ["rejected, with a reason"]);
  const { code, out } = await replay(t, messages.map((message) => JSON.stringify(message)).join("\n"));
  t.equal(code, 0);
  t.match(out, new RegExp(`^line 1: rejected: [^\n]+\\n${messages.length} lines\\n`));
});

t.test("no message of any shape vanishes when its body is wrapped", (t) => {
  const wraps: readonly ((body: object) => object)[] = [
    (body) => ({ msg: body }),
    (body) => ({ body }),
    (body) => ({ i: 1, timestamp: 1_560_211_200, topic: "x", msg: body }),
    (body) => [body],
  ];
  const shapes = SAMPLES.filter((each) => {
    const { kind } = decode(delivered(each, each.body), ["prod"]);
    return kind === "uploads" || kind === "facts";
  });
  t.ok(shapes.length > 10);
  for (const wrap of wraps)
    for (const shape of shapes) {
      const heard = decode(delivered(shape, wrap(shape.body)), ["prod"]);
      // The announcement of a two-week release is found at any depth.
      if (heard.kind === "facts") t.same(heard, decode(delivered(shape, shape.body), ["prod"]), shape.id);
      else t.match(heard, { kind: "rejected", reason: /\w/ }, shape.id);
    }
  t.end();
});
