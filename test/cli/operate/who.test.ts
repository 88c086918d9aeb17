import t from "tap";
import { byOf } from "../../../src/cli/operate/who.ts";
import { redisBudgets } from "../../../src/adapters/redis/control/budgets.ts";
import { startEc2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { configFile, runProgram } from "../../support/program/program.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";
import { ACCOUNT } from "../../support/world/image.ts";

/** A number that no passwd entry has, as OpenShift gives its containers. */
const UID = 1_000_650_000;
const AS_NOBODY = `data:text/javascript,process.setgroups([]);process.setuid(${UID})`;
/** The same for who may not change the number: the system knows no name. */
const UNNAMED =
  'data:text/javascript,import os from "node:os";import {syncBuiltinESMExports} from "node:module";' +
  'os.userInfo=os.homedir=()=>{throw Object.assign(new Error("uv_os_get_passwd: ENOENT"),{code:"ERR_SYSTEM_ERROR"})};syncBuiltinESMExports()';
const isRoot = process.getuid?.() === 0;

t.test("a pause is taken from a number that has no name, and so is every order", async (t) => {
  const connection = await openTestRedis(t);
  const config = configFile(t, connection);
  const budgets = redisBudgets(connection, { maxDeletesPerDay: 1, maxPrivatePerDay: 1, maxShareOfRegion: 1 });
  const uid = isRoot ? UID : process.getuid?.();
  const run = (env: Readonly<Record<string, string>>, ...args: string[]) =>
    runProgram(t, [...args, "--config", config], { env, nodeArgs: ["--import", isRoot ? AS_NOBODY : UNNAMED] });
  const rows: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{}, `uid ${uid ?? ""}`],
    [{ USER: "", LOGNAME: "kevin" }, "kevin"],
    [{ USER: "\u001b", HOME: "/nonexistent" }, `uid ${uid ?? ""}`],
  ];
  for (const [env, by] of rows) {
    t.match(await run(env, "pause", "--reason", "everything burns"), { code: 0, out: /^paused: /, err: "" });
    t.match(await budgets.paused(), { by, why: "everything burns" });
  }
  const order = ["hold", "--compose", "Fedora-Rawhide-20261121.n.0", "--reason", "x", "--wait", "0s"];
  t.match(await run({}, ...order), { code: 1, err: /queued as/ }, "nobody carries it out here");
  const entries = await connection.redis.xrange(connection.keys.control("requests"), "-", "+");
  t.match(JSON.stringify(entries), `uid ${uid ?? ""}`);
});

t.test("EC2 is asked from a number that has neither name nor home", async (t) => {
  const connection = await openTestRedis(t);
  const ec2 = await startEc2Simulator({ accounts: { AKIDDEMO: { id: ACCOUNT } } });
  t.teardown(() => ec2.close());
  const config = configFile(t, connection, `[consumer_config.ec2]\nendpoint = "${ec2.url}"\n`);
  const env = { AWS_ACCESS_KEY_ID: "AKIDDEMO", AWS_SECRET_ACCESS_KEY: "secret" };
  const nodeArgs = ["--import", isRoot ? AS_NOBODY : UNNAMED];
  const words = ["reconcile", "--region", "us-east-1", "--config", config];
  t.match(await runProgram(t, words, { env, nodeArgs }), { code: 0, out: /^nothing differs/, err: "" });
});

t.test("who gives an order is never nobody: an empty --by is none", (t) => {
  t.equal(byOf({ options: { by: "kevin" }, env: { USER: "x" } }), "kevin");
  for (const by of [undefined, "", " \n", "\u0007"]) t.match(byOf({ options: { by }, env: {} }), /^\S/);
  t.end();
});
