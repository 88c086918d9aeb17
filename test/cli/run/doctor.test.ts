import { mkdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { connectRedis } from "../../../src/adapters/redis/connection.ts";
import { findServers } from "../../../src/demo/servers/find.ts";
import { startRedis } from "../../../src/demo/servers/redis.ts";
import { SECRETS } from "../../../src/demo/service-config.ts";
import { openInstallation } from "../../support/program/installation.ts";
import { isRefusal, runProgram } from "../../support/program/program.ts";
import { silentLog } from "../../support/run/log.ts";
import { rememberHeard, serverUrl } from "../../support/servers/redis/redis.ts";

t.test("the exit code says the worst: nothing, warnings alone, a failure, the configuration", async (t) => {
  const place = await openInstallation(t);
  const server = await startRedis((await findServers()).redis, { appendOnly: true });
  t.teardown(() => server.stop());
  const prefix = place.connection.keys.format.replace(/:format$/, "");
  const own = await connectRedis(server.url, prefix, silentLog);
  await rememberHeard(own, Math.floor(Date.now() / 1000) * 1000);
  await own.close();
  place.configure([serverUrl("TEST_REDIS_URL"), server.url]);
  const doctor = (env: Readonly<Record<string, string>>, ...more: string[]) =>
    runProgram(t, ["doctor", "--config", place.configFile, ...more], {
      env: { ...SECRETS, REDIS_URL: server.url, ...env },
    });

  const well = await doctor({});
  t.same([well.code, well.err], [0, ""], well.out);
  t.match(well.out, /\n\d+ ok, 0 warnings, 0 failures\n$/);
  for (const line of well.out.trimEnd().split("\n").slice(0, -1)) t.match(line, /^ok      [a-z0-9 -]+: \S/);

  const warned = await doctor({ REDIS_URL: serverUrl("TEST_REDIS_URL") });
  t.equal(warned.code, 3, warned.out);
  t.match(warned.out, /^warning redis persistence: appendonly is no: .*: set appendonly yes$/m);

  const both = await doctor({}, "--region", "us-east-1,eu-west-1");
  t.match(both.out, /^ok {6}ec2 all 2 regions permissions: all 13 allowed$/m, "one line for what is alike");
  t.notMatch(both.out, /ec2 (?:us-east|eu-west)-1/);
  t.same(await doctor({}, "--quiet"), { code: 0, out: "", err: "" }, "all is well: not a word");
  const quiet = await doctor({ REDIS_URL: serverUrl("TEST_REDIS_URL") }, "--quiet", "--region", "us-esat-1");
  t.match(quiet.err, /--region "us-esat-1" is not known: did you mean us-east-1\?/);
  t.notMatch(quiet.out, /^ok/m);
  t.match(quiet.out, /^warning redis persistence: /m);
  isRefusal(
    t,
    await doctor({}, "--region", "us-east1"),
    2,
    /doctor: --region "us-east1" is no region of EC2: did you mean/,
  );

  const failed = await doctor({ PAGURE_ACCESS_TOKEN: "S3CRET" }, "--json");
  t.same([failed.code, failed.err], [1, ""]);
  const lines = failed.out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const line of lines) t.same(Object.keys(line), ["check", "state", "message", "remedy"]);
  t.same(
    lines.filter(({ state }) => state !== "ok").map(({ check }) => check),
    ["reports"],
  );
  t.notMatch(failed.out, "S3CRET");

  const half = await doctor({ PAGURE_ACCESS_TOKEN: "" });
  t.same([half.code, half.err], [2, ""]);
  t.match(half.out, /^failure configuration: PAGURE_ACCESS_TOKEN is not set: /m);
  t.match(half.out, /^warning reports: not checked: mend the configuration first$/m);
  t.match(half.out, /^ok      broker: /m, "what can be checked is");
  t.match(half.out, /^ok      redis: /m);
  t.match(half.out, /^ok      ec2 account: /m);
});

t.test("a configuration that cannot be read at all is one line and 2", async (t) => {
  const dir = t.testdir({ "broken.toml": "a = \n" });
  mkdirSync(join(dir, "folder"));
  const rows: readonly (readonly [string, RegExp])[] = [
    ["none.toml", /^clean-amis: configuration file \S+none\.toml does not exist: give its path with --config /],
    ["broken.toml", /^clean-amis: \S+broken\.toml:1:\d+: not TOML: /],
    ["folder", /^clean-amis: configuration file \S+folder cannot be read \(EISDIR\): /],
  ];
  for (const [file, line] of rows) isRefusal(t, await runProgram(t, ["doctor", "--config", join(dir, file)]), 2, line);
});
