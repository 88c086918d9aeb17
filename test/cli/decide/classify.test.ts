import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import { classifyCommand } from "../../../src/cli/decide/classify.ts";
import { ask, question } from "../../support/program/questions.ts";
import { isRefusal, MAIN, runProgram, startProgram } from "../../support/program/program.ts";

const DATED = "Fedora-Cloud-43-20260122.0";
const NIGHTLY = "Fedora-Rawhide-20260122.n.0";
const MIB = 1024 * 1024;

t.test("a label that is missing is not known, and null is known to be none", async (t) => {
  const rows: readonly (readonly [object, string, string | null])[] = [
    [{}, "unresolved", null],
    [{ label: null }, "keep", "unlabelled"],
    [{ label: "RC-20260122.0" }, "delete", "dated-label"],
    [{ label: "RC-20260123.0" }, "keep", "malformed"],
    [{ label: "RC-1.2" }, "keep", "ga"],
    [{ label: "Beta-1.2" }, "keep", "beta"],
    [{ label: "RC-20260122.0", released: true }, "keep", "released-two-week"],
    [{ label: "RC-20260122.0", released: false }, "delete", "dated-label"],
    [{ label: "RC-20260122.0", type: "nightly" }, "keep", "conflict"],
  ];
  const answers = await ask(
    t,
    rows.map(([known]) => question(DATED, known)),
  );
  for (const [index, [known, decision, rule]] of rows.entries())
    t.match(answers[index], { compose_id: DATED, decision, rule, reason: /\w/ }, JSON.stringify(known));
  t.same(Object.keys(answers[0] ?? {}), ["compose_id", "decision", "rule", "reason"]);
});

t.test("an image's name is answered beside the decision, and no decision changes by it", async (t) => {
  const own = "Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20260122.0";
  const ga = "Fedora-Cloud-Base-AmazonEC2.x86_64-43-1.6";
  const rows: readonly (readonly [composeId: string, name: string, answer: string | RegExp])[] = [
    [NIGHTLY, own, "ok"],
    [NIGHTLY, ga, "its name in EC2 says 43-1.6, as a release's does"],
    [DATED, own, "its name in EC2 says version Rawhide, its compose says 43"],
    [DATED, "", /fits no form/],
    [DATED, "\u0000\u2028".repeat(50_000), /fits no form/],
    ["", own, /^compose id "": /],
  ];
  const answers = await ask(
    t,
    rows.flatMap(([composeId, name]) => [question(composeId, { name }), question(composeId)]),
  );
  for (const [index, [composeId, , answer]] of rows.entries()) {
    const { name: said, ...decision } = answers[2 * index] ?? {};
    t.match(said, answer, `name ${index} of ${composeId}`);
    t.same(decision, answers[2 * index + 1], "the decision is the same without a name");
  }
  const texts = [
    [[NIGHTLY, "--name", own], `${NIGHTLY}: delete (nightly): a nightly compose\nname: ok\n`],
    [[NIGHTLY, "--name", ga], /\nname: the image would be left alone: its name in EC2 says 43-1\.6[^\n]+\n$/],
    [[NIGHTLY, "--name", "a\nb\u001b[2J"], /^[^\n]+\nname: [^\n\u001b]+\n$/],
  ] as const;
  for (const [args, out] of texts) t.match(await runProgram(t, ["classify", ...args]), { code: 0, out, err: "" });
  const { out } = await runProgram(t, ["classify", NIGHTLY, "--name", own, "--json"]);
  t.match(JSON.parse(out), { compose_id: NIGHTLY, decision: "delete", name: "ok" });
});

t.test("any string is a compose, comes back as it was, and is answered in its place", async (t) => {
  const odd = [
    "",
    " ",
    "\u0000",
    "\ud800",
    "a\u2028b\u0085c",
    "__proto__",
    "constructor",
    "💥",
    "-".repeat(20_000),
    "\\",
  ];
  const answers = await ask(
    t,
    odd.map((composeId) => question(composeId)),
  );
  t.same(
    answers.map((answer) => answer["compose_id"]),
    odd,
  );
  for (const answer of answers) t.match(answer, { decision: "keep", rule: "malformed" });
});

t.test("a line that is no question is answered with its number, and the others as ever", async (t) => {
  const bad: readonly (string | Buffer)[] = [
    "rubbish",
    "",
    "[]",
    "null",
    '"text"',
    "{}",
    '{"compose_id": 7}',
    '{"__proto__": {"compose_id": "x"}}',
    question(DATED, { type: null }),
    question(DATED, { label: 1 }),
    question(DATED, { released: "yes" }),
    question(DATED, { name: null }),
    Buffer.from([0x7b, 0xff, 0xfe, 0x00]),
    "[".repeat(100_000),
    question("x".repeat(MIB)),
  ];
  const answers = await ask(t, [...bad, question(NIGHTLY)]);
  t.equal(answers.length, bad.length + 1);
  for (const [index] of bad.entries())
    t.match(answers[index], {
      compose_id: null,
      decision: "keep",
      rule: "malformed",
      reason: new RegExp(`^line ${index + 1}: `),
    });
  t.match(answers[12]?.["reason"], /not UTF-8/);
  t.match(answers[14]?.["reason"], /longer than 1048576 bytes/);
  t.match(answers.at(-1), { compose_id: NIGHTLY, decision: "delete", rule: "nightly" });
});

t.test("no input is no answer, and a last line needs no newline", async (t) => {
  t.match(await runProgram(t, ["classify", "--stdin"]), { code: 0, out: "", err: "" });
  const { out } = await runProgram(t, ["classify", "--stdin"], {
    input: `\ufeff${question(NIGHTLY)}\r\n${question(DATED)}`,
  });
  t.match(out, /^\{[^\n]*nightly[^\n]*\}\n\{[^\n]*unresolved[^\n]*\}\n$/);
});

t.test("a line without end is refused, and never held", async (t) => {
  const child = startProgram(t, ["classify", "--stdin"]);
  const piece = Buffer.alloc(MIB, "x");
  for (let sent = 0; sent < 300; sent += 1) if (!child.stdin.write(piece)) await once(child.stdin, "drain");
  const [, peak = "0"] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid ?? 0}/status`, "utf8")) ?? [];
  t.ok(Number(peak) > 0 && Number(peak) < 200_000, `300 MiB came, ${peak} kB were the most in memory`);
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stdin.end(`\n${question(NIGHTLY)}\n`);
  await once(child, "close");
  t.match(out, /^\{[^\n]*line 1: longer than[^\n]*\}\n\{[^\n]*nightly[^\n]*\}\n$/);
});

t.test("a reader that has seen enough is no error", async (t) => {
  const child = startProgram(t, ["classify", "--stdin"]);
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  child.stdin.end(`${question(NIGHTLY)}\n`.repeat(100_000));
  await once(child.stdout, "data");
  child.stdout.destroy();
  await once(child, "close");
  t.same([child.exitCode, err], [0, ""]);
});

t.test("an interrupt ends the reading at once, and says that not all was read", async (t) => {
  const child = startProgram(t, ["classify", "--stdin"]);
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  child.stdin.write(`${question(NIGHTLY)}\n`);
  await once(child.stdout, "data");
  child.kill("SIGINT");
  await once(child, "close");
  t.same([child.exitCode, err], [1, "clean-amis: interrupted\n"]);
});

t.test("words that cannot be meant together end with 2 and one line", async (t) => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /give one COMPOSE, or --stdin/],
    [["a", "b"], /give one COMPOSE/],
    [[DATED, "--label", "RC-1.2", "--no-label"], /contradict/],
    [["--stdin", DATED], /not both/],
    [["--stdin", "--label", "RC-1.2"], /--label goes with a COMPOSE/],
    [["--stdin", "--released"], /--released goes with a COMPOSE/],
    [["--stdin", "--name", "x"], /--name goes with a COMPOSE/],
    [[DATED, "--lable", "RC-1.2"], /Unknown option '--lable': did you mean --label\? \(known: /],
    [[DATED, "--policy", "/nowhere/policy.toml"], /\/nowhere\/policy\.toml does not exist/],
    [[DATED, "--policy", MAIN], /not TOML/],
  ];
  for (const [args, line] of rows) isRefusal(t, await runProgram(t, ["classify", ...args]), 2, line);
});

t.test("a policy file decides, and nothing else of it matters", async (t) => {
  const file = join(
    t.testdir({ "p.toml": '[tls]\nca_cert = "/nowhere"\n[consumer_config.policy]\ndelete_unlabelled = true\n' }),
    "p.toml",
  );
  t.match((await runProgram(t, ["classify", DATED, "--no-label"])).out, `${DATED}: keep (unlabelled): `);
  const { out } = await runProgram(t, ["classify", DATED, "--no-label", "--policy", file, "--json"]);
  t.match(JSON.parse(out), { compose_id: DATED, decision: "delete", rule: "unlabelled-deleted" });
  t.match(await ask(t, [question(DATED, { label: null })], ["--policy", file]), [{ decision: "delete" }]);
});

t.test("a compose from the command line cannot command the terminal", async (t) => {
  const { out } = await runProgram(t, ["classify", "\u001b[2Jx\u202ey\nz"]);
  t.match(out, /^[^\p{Cc}\p{Cf}]+\n$/u);
});

t.test("the examples of its help can be typed as they are", async (t) => {
  const dir = t.testdir({ "clean-amis": `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n` });
  chmodSync(join(dir, "clean-amis"), 0o755);
  const { out: help } = await runProgram(t, ["classify", "--help"]);
  for (const example of classifyCommand.examples) {
    t.ok(help.replaceAll(/ \\\n +/g, " ").includes(example), "a long one is broken as a shell takes it");
    const { stdout } = await promisify(execFile)("sh", ["-c", example], {
      env: { PATH: `${dir}:${process.env["PATH"] ?? ""}` },
    });
    t.match(stdout, /delete/, example);
  }
});
