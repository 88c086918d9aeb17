import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import t, { type Test } from "tap";
import { findServers } from "../../src/demo/servers/find.ts";

interface Started {
  readonly socket: string;
  readonly redis: Redis;
  readonly stop: () => Promise<void>;
}

/** A Redis of its own over this folder. */
async function start(t: Test, program: string, dir: string, appendOnly: "yes" | "no"): Promise<Started> {
  const socket = join("/tmp", `clean-amis-${process.pid}-${dir.split("/").at(-1) ?? ""}.sock`);
  const words = ["--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "", "--appendonly", appendOnly];
  const server: ChildProcess = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => server.kill("SIGKILL"));
  if (server.stdout === null) throw new Error("no standard output");
  const lines = createInterface({ input: server.stdout });
  for await (const line of lines) if (/ready to accept connections/i.test(line)) break;
  server.stdout.resume();
  const redis = new Redis(socket);
  const stop = async (): Promise<void> => {
    redis.disconnect();
    server.kill("SIGTERM");
    if (server.exitCode === null) await once(server, "exit");
  };
  return { socket, redis, stop };
}

t.test("a backup of Redis is restored as the docs say, and is not looked at when it is told to append", async (t) => {
  const { redis: source } = await findServers();
  const cli = process.env["TEST_REDIS_CLI"] ?? "";
  if (source.from === "url" || cli === "") {
    t.plan(0, "Redis was given by its address");
    return;
  }
  const dir = t.testdir({});
  const [before, wrong, after] = ["before", "wrong", "after"].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [before, wrong, after]) mkdirSync(folder);
  const first = await start(t, source.program, before, "yes");
  await first.redis.set("a", "word");
  const backup = join(dir, "clean-amis.rdb");
  await promisify(execFile)(cli, ["-s", first.socket, "--rdb", backup]);
  await first.stop();
  for (const folder of [wrong, after]) copyFileSync(backup, join(folder, "dump.rdb"));

  const hasty = await start(t, source.program, wrong, "yes");
  t.equal(await hasty.redis.get("a"), null, "it begins empty");
  await hasty.stop();

  const restored = await start(t, source.program, after, "no");
  t.equal(await restored.redis.get("a"), "word");
  await restored.redis.config("SET", "appendonly", "yes");
  while (/aof_rewrite_(?:in_progress|scheduled):1/.test(await restored.redis.info("persistence")));
  await restored.redis.set("another", "word");
  await restored.stop();
  const again = await start(t, source.program, after, "yes");
  t.same(await again.redis.mget("a", "another"), ["word", "word"]);
  await again.stop();
});
