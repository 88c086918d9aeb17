import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import t, { type Test } from "tap";
import { startPagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import { runCommand } from "../../../src/cli/cli.ts";
import { configKeys } from "../../../src/config/keys.ts";
import { runHere } from "../../support/program/here.ts";
import { isRefusal, MAIN, runProgram } from "../../support/program/program.ts";

function fileWith(test: Test, toml: string): string {
  return join(test.testdir({ "c.toml": toml, secret: "redis://me:S3CRET@elsewhere/1\n" }), "c.toml");
}

t.test("every key has a default that TOML can say, and a meaning", (t) => {
  for (const { key, standard, meaning } of configKeys()) {
    t.not(meaning, "", `${key} has a description in schemas/config.json`);
    t.doesNotThrow(() => parse(`x = ${standard}`), key);
  }
  t.end();
});

t.test("config keys tells every key with its default and meaning", async (t) => {
  const { code, out, err } = await runProgram(t, ["config", "keys"]);
  t.same([code, err], [0, ""]);
  t.match(out, 'act = "nothing"\n    how far the service may go: print its plan, make private, delete as well\n');
  for (const line of out.split("\n")) t.ok(line.length <= 80 || !line.startsWith(" "), line);
  const lines = (await runProgram(t, ["config", "keys", "--json"])).out.trimEnd().split("\n");
  t.same(
    lines.map((line) => (JSON.parse(line) as { key: string }).key),
    configKeys().map(({ key }) => key),
  );
  const narrow: string[] = [];
  await runCommand(["config", "keys"], {
    env: {},
    stop: new AbortController().signal,
    isTerminal: true,
    screen: () => ({ columns: 40, rows: 24, isColoured: false }),
    write: () => t.fail("it prints lines") as never,
    warn: () => t.fail("it warns of nothing") as never,
    openInput: () => t.fail("it reads nothing") as never,
    print: (text) => Promise.resolve(void narrow.push(text)),
  });
  for (const line of narrow.join("\n").split("\n"))
    t.ok(line.length <= 40 || !line.trim().includes(" ") || !line.startsWith(" "), line);
});

t.test("config check warns of a token whose user is an operator, and needs no Pagure for the rest", async (t) => {
  const pagure = await startPagureDouble();
  pagure.setToken("secret", { user: "kevin" });
  const report = `kind = "pagure"\nurl = "${pagure.url}"\nrepo = "ami-reports"\noperators = ["ann", "Kevin"]\n`;
  const file = fileWith(t, `[consumer_config]\n[consumer_config.report]\n${report}`);
  const check = () => runProgram(t, ["config", "check", "--config", file], { env: { PAGURE_ACCESS_TOKEN: "secret" } });
  t.match(await check(), {
    code: 0,
    out: /^warning: report\.operators has Kevin, whose token posts the reports: .*bot's$/m,
  });
  await pagure.close();
  t.match(await check(), { code: 0, err: "", out: `${file} is valid\n` });
});

t.test("config check says valid, or what is wrong, in one line", async (t) => {
  const file = fileWith(t, "callback = 'x:y'\n[consumer_config]\n");
  const valid = await runProgram(t, ["config", "check", "--config", file]);
  t.same([valid.code, valid.err], [0, ""]);
  t.equal(valid.out, `${file} is valid\nignored, as nothing here needs them: callback\n`);
  t.same(JSON.parse((await runProgram(t, ["config", "check", "--config", file, "--json"])).out), {
    file,
    valid: true,
    warnings: [],
    ignored: ["callback"],
  });
  const rows: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
    [
      "[consumer_config]\nact = 'all'\n",
      {},
      /c\.toml: consumer_config\.act = "all": .*: one of nothing, private, delete/,
    ],
    ["[consumer_config]\nacts = 'x'\n", {}, /c\.toml: unknown key consumer_config\.acts: did you mean act\?/],
    ["a = ", {}, /c\.toml:1:\d+: not TOML: /],
    [
      "[tls]\nca_cert = '/nowhere/ca.pem'\n[consumer_config]\n",
      {},
      /tls\.ca_cert: file \/nowhere\/ca\.pem does not exist: mend tls\.ca_cert/,
    ],
    ["[consumer_config.report]\nkind = 'pagure'\nrepo = 'a/b'\n", {}, /PAGURE_ACCESS_TOKEN is not set: /],
    [
      "[consumer_config]\n",
      { REDIS_URL: "", REDIS_URL_FILE: "/nowhere/url" },
      /REDIS_URL_FILE: file \/nowhere\/url does not exist/,
    ],
  ];
  for (const [toml, env, line] of rows) {
    writeFileSync(file, toml);
    isRefusal(t, await runHere(["config", "check", "--config", file], { env }), 2, line);
  }
  isRefusal(
    t,
    await runHere(["config", "check", "--config", `${file}.none`]),
    2,
    /does not exist: give its path with --config/,
  );
  isRefusal(t, await runHere(["config", "chek"]), 2, /config: unknown word "chek": did you mean check\?/);
});

t.test("config check warns of each thing that is allowed and risky", async (t) => {
  const file = fileWith(t, "");
  const pagure = "[consumer_config.report]\nkind = 'pagure'\nrepo = 'a/b'\n";
  const rows: readonly (readonly [string, RegExp])[] = [
    [
      "[consumer_config.report]\nallow_delete_without_public_notice = true\n",
      /report\.allow_delete_without_public_notice = true: /,
    ],
    ["[consumer_config]\nact = 'delete'\n", /act = "delete" with report\.kind = "log": /],
    ["[consumer_config]\nact = 'private'\n", /act = "private" with report\.kind = "log": /],
    ["[consumer_config.policy]\nproducts = ['Fedora', 'Fedora-IoT']\n", /policy\.products has Fedora-IoT: releases of/],
    ["[consumer_config.policy]\nproducts = []\n", /policy\.products is empty: nothing is ever deleted/],
    ["[consumer_config.policy]\ndelete_unlabelled = true\n", /policy\.delete_unlabelled = true: /],
    [`[consumer_config]\nact = 'delete'\nec2.in_use = false\n${pagure}`, /ec2\.in_use = false: /],
    [`[consumer_config]\nact = 'delete'\nec2.unusable_guards = 'pass'\n${pagure}`, /ec2\.unusable_guards = "pass": /],
    [`[consumer_config]\nact = 'delete'\nec2.protecting_tags = []\n${pagure}`, /ec2\.protecting_tags is empty: /],
    [
      `[consumer_config]\nact = 'delete'\nec2.protecting_tags = ['do-not-delete']\n${pagure}`,
      /ec2\.protecting_tags lacks FedoraGroup: /,
    ],
    [
      `[consumer_config]\nact = 'delete'\nbudgets.max_share_of_region = 1\n${pagure}`,
      /budgets\.max_share_of_region = 1: /,
    ],
    [
      `[consumer_config]\nact = 'delete'\nenvironments = ['prod', 'stg']\n${pagure}`,
      /environments has more than prod: /,
    ],
    [`[consumer_config]\nact = 'delete'\nsources.datagrepper = ''\n${pagure}`, /sources\.datagrepper is empty: /],
    [
      `[consumer_config]\nact = 'delete'\nschedule.hear_every = '25d'\n${pagure}`,
      /schedule\.hear_every is an hour or more: /,
    ],
    [`[consumer_config]\nact = 'delete'\n${pagure}read_every = '1h'\n`, /report\.read_every is an hour or more: /],
    ["passive_declares = true\n[consumer_config]\n", /passive_declares = true with queue auto: /],
    [
      "passive_declares = true\n[queues.'']\ndurable=false\nauto_delete=true\nexclusive=true\narguments={}\n",
      /passive_declares = true with queue "": /,
    ],
    ["bindings = []\n", /bindings has none for the queue auto: /],
    [
      "amqp_url = 'amqp://me:S3CRET@broker'\n[consumer_config]\n",
      /amqp_url: the password crosses the network in the open; use amqps/,
    ],
  ];
  for (const [toml, line] of rows) {
    writeFileSync(file, toml);
    const { code, out, err } = await runProgram(t, ["config", "check", "--config", file], {
      env: { PAGURE_ACCESS_TOKEN: "S3CRET" },
    });
    const name = toml.replace("S3CRET", "***");
    t.same([code, err], [0, ""], name);
    const warnings = out.trimEnd().split("\n").slice(1);
    t.match(warnings, [new RegExp(`^warning: ${line.source}`)], name);
    t.equal(warnings.length, 1, name);
    t.notMatch(out, "S3CRET");
  }
});

const SHOWN = `AMQP_URL = "amqps://me:S3CRET@broker/%2Fv"
[client_properties]
app = "a"
api_token = "S3CRET"
deep = { since = 2026-11-27, share = nan, on = true }
[queues."a.b"]
durable = true
auto_delete = false
exclusive = false
arguments = { x-expires = 5 }
[[bindings]]
exchange = "e"
routing_keys = ["a.#", "b"]
[consumer_config]
redis_url = "redis://:S3/CR@ET@there/0"
[consumer_config.schedule]
delete_after = "11d"
`;

t.test("config show prints every effective value with its source, as TOML, and no secret", async (t) => {
  const file = fileWith(t, SHOWN);
  const env = { REDIS_URL: "", PAGURE_ACCESS_TOKEN_FILE: "/nowhere" };
  const { code, out, err } = await runProgram(t, ["config", "show", "--config", file], { env });
  t.same([code, err], [0, ""]);
  t.notMatch(out, /S3|CR@|ET@/);
  const rows: readonly (readonly [string, string])[] = [
    ['amqp_url = "amqps://me:***@broker/%2Fv"', `${file}:1`],
    ['api_token = "***"', `${file}:4`],
    ["durable = true", `${file}:7`],
    ["x-expires = 5", file],
    ["since = 2026-11-27", file],
    ["share = nan", file],
    ['bindings = [{ exchange = "e", routing_keys = ["a.#", "b"] }]', `${file}:11`],
    ['redis_url = "redis://:***@there/0"', `${file}:15`],
    ['delete_after = "11d"', `${file}:17`],
    ['private_after = "5d"', "default"],
  ];
  for (const [value, source] of rows) t.ok(out.includes(`${value} # ${source}\n`), value);
  t.match(out, /^\[queues\."a\.b"\]$/m);
  t.match(out, /^# PAGURE_ACCESS_TOKEN = "\*\*\*" # PAGURE_ACCESS_TOKEN_FILE$/m);
  t.match(out, /^# AWS_ACCESS_KEY_ID: not set$/m);
  const read = parse(out) as Record<string, Record<string, unknown>>;
  t.match(read, {
    queues: { "a.b": { arguments: { "x-expires": 5 } } },
    consumer_config: { act: "nothing", report: { tags: ["clean-amis"] } },
  });
  writeFileSync(file, out);
  const again = await runProgram(t, ["config", "show", "--config", file], { env });
  t.same(parse(again.out), parse(out), "what it prints is a configuration that says the same");
});

t.test("config show tells what the environment gives in place of the file, and where from", async (t) => {
  const file = fileWith(t, SHOWN);
  const secret = file.replace("c.toml", "secret");
  const env = { AMQP_URL: "amqp://you:S3CRET@other", REDIS_URL: "", REDIS_URL_FILE: secret };
  const { code, out } = await runProgram(t, ["config", "show", "--json", "--config", file], { env });
  t.equal(code, 0);
  t.notMatch(out, "S3CRET");
  const lines = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { key: string; value: unknown; source: string | null });
  const of = (key: string) => lines.find((line) => line.key === key);
  t.same(of("amqp_url"), { key: "amqp_url", value: "amqp://you:***@other", source: "AMQP_URL" });
  t.same(of("consumer_config.redis_url"), {
    key: "consumer_config.redis_url",
    value: "redis://me:***@elsewhere/1",
    source: "REDIS_URL_FILE",
  });
  t.same(of("PAGURE_ACCESS_TOKEN"), { key: "PAGURE_ACCESS_TOKEN", value: null, source: null });
  for (const { key } of configKeys()) t.ok(of(`consumer_config.${key}`), key);
});

t.test("a reader that closes the pipe early ends the command without a word", (t) => {
  for (const words of ["config keys", "help", "help --man", "completion bash"]) {
    const script = `"$0" "$1" ${words} | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", script, process.execPath, MAIN], { encoding: "utf8" });
    t.match(stdout, /\n0\n$/, words);
    t.equal(stderr, "", words);
  }
  t.end();
});
