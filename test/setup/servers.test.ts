import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import t from "tap";
import { installCommand, readDistribution, type Missing } from "../../src/demo/servers/distribution.ts";
import { findServers } from "../../src/demo/servers/find.ts";
import { onFreePorts } from "../../src/demo/servers/ports.ts";
import { familyOf, isStillRunning } from "../../src/demo/servers/processes.ts";
import { startRabbitmq } from "../../src/demo/servers/rabbitmq.ts";
import { startRedis } from "../../src/demo/servers/redis.ts";
import { unpackServers } from "../../src/demo/servers/unpack.ts";

const OWNER = fileURLToPath(new URL("../support/run/owner.js", import.meta.url));

/** Polls, because nobody tells when processes end that are not ours. */
async function until(isSo: () => boolean, limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (!isSo() && Date.now() < deadline) await pause(50);
  return isSo();
}

/** Starts a process that owns both servers; answers when they are up. */
async function startOwner(t: Test) {
  const temporary = t.testdir({});
  const owner = spawn(process.execPath, [OWNER], {
    env: { ...process.env, TMPDIR: temporary, NODE_OPTIONS: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => owner.kill("SIGKILL"));
  const up = once(owner.stdout, "data");
  const died = once(owner, "exit").then(() => {
    throw new Error("the owner ended before its servers were up");
  });
  died.catch(() => undefined); // It is told to end later, when nobody waits for this any more.
  await Promise.race([up, died]);
  return { owner, temporary, servers: familyOf(({ parent }) => parent === owner.pid) };
}

t.test("after SIGKILL of the owner no process of its servers and no file is left", async (t) => {
  const { owner, temporary, servers } = await startOwner(t);
  t.ok(servers.length >= 6, "two guardians, Redis, epmd, the broker and its helper");
  t.equal((await readdir(temporary)).length, 2);
  owner.kill("SIGKILL");
  t.ok(await until(() => !servers.some(isStillRunning), 60_000), "all have ended");
  t.strictSame(await readdir(temporary), []);
});

t.test("the owner's servers end with it when it is stopped in the middle of their start", async (t) => {
  const temporary = t.testdir({});
  const owner = spawn(process.execPath, [OWNER], { env: { ...process.env, TMPDIR: temporary, NODE_OPTIONS: "" } });
  const children = () => familyOf(({ parent }) => parent === owner.pid);
  t.ok(await until(() => children().length >= 4, 60_000), "Redis and RabbitMQ's guardians have started programs");
  const servers = children();
  owner.kill("SIGTERM");
  t.ok(await until(() => !servers.some(isStillRunning), 60_000), "all have ended");
  t.strictSame(await readdir(temporary), []);
});

/** A program that only complains. */
async function complainer(t: Test): Promise<string> {
  const dir = t.testdir({ complainer: "#!/bin/sh\necho the disk is made of cheese\nexit 3\n" });
  await chmod(join(dir, "complainer"), 0o755);
  return join(dir, "complainer");
}

t.test("a Redis that does not come up shows the last lines of its log", async (t) => {
  const program = await complainer(t);
  await t.rejects(startRedis({ from: "machine", program }), {
    name: "SetupError",
    message: /^Redis ended: exit code 3\. The last lines of its log:\nthe disk is made of cheese$/,
  });
});

t.test("a RabbitMQ that does not come up shows the last lines of its log", async (t) => {
  const { rabbitmq } = await findServers();
  if (rabbitmq.from === "url") throw new Error("AMQP_URL is not for the tests");
  await t.rejects(startRabbitmq({ ...rabbitmq, script: await complainer(t) }), {
    name: "SetupError",
    message: /^RabbitMQ ended: exit code 3\. .*\nthe disk is made of cheese$/,
  });
});

t.test(
  "servers given by their addresses are used, not started, and said to be missing by their variable",
  async (t) => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as { readonly port: number };
    closed.close();
    const given = await findServers({
      env: { PATH: "", REDIS_URL: `redis://127.0.0.1:${port}`, AMQP_URL: `amqp://127.0.0.1:${port}` },
    });
    t.strictSame(given.redis, { from: "url", url: `redis://127.0.0.1:${port}` });
    await t.rejects(startRedis(given.redis), { name: "SetupError", message: /^REDIS_URL: .*ECONNREFUSED/ });
    await t.rejects(startRabbitmq(given.rabbitmq), { name: "SetupError", message: /^AMQP_URL: .*ECONNREFUSED/ });
  },
);

t.test("a port that somebody else took in between is tried again with another one", async (t) => {
  const tried: number[] = [];
  const url = await onFreePorts(1, (port) => {
    tried.push(port);
    if (tried.length < 3) throw new Error("bind: Address already in use");
    return Promise.resolve(`redis://127.0.0.1:${port}`);
  });
  t.equal(url, `redis://127.0.0.1:${tried[2] ?? "?"}`);
  t.equal(tried.length, 3);
});

t.test("without apt nothing is unpacked", async (t) => {
  const dir = t.testdir({});
  await t.rejects(unpackServers(join(dir, "servers"), { env: { PATH: "" } }), { name: "SetupError" });
  t.strictSame(await readdir(dir), []);
});

t.test("what is missing is named, with the command for this system, and why nothing was unpacked", async (t) => {
  const dir = t.testdir({ release: "ID=fedora\nVERSION_ID=43\n", home: "a file" });
  const osRelease = join(dir, "release");
  // Their programs are where every search looks, so one that is there is given by its address.
  const ask = (env: Readonly<Record<string, string>>) =>
    findServers({ osRelease, env: { PATH: "", XDG_CACHE_HOME: join(dir, "cache"), ...env } });
  const given = { AMQP_URL: "amqp://127.0.0.1:9" };
  const isHere = (await Promise.allSettled([ask(given)]))[0].status === "fulfilled";
  if (!isHere)
    await t.rejects(ask(given), {
      name: "SetupError",
      message:
        /^Redis \(or Valkey.*\) is not on this machine and cannot be unpacked: .*\nInstall it with: {2}sudo dnf install valkey\nor name a running one in REDIS_URL\.$/,
    });
  const path = { PATH: process.env["PATH"] ?? "" };
  const unwritable = { ...given, ...path, XDG_CACHE_HOME: "", HOME: join(dir, "home") };
  if (!isHere)
    await t.rejects(ask(unwritable), {
      message: /home\/\.cache\/clean-amis cannot be written \(a part of its path is a file\): name a /,
    });
});

t.test("the command to install the servers is the distribution's own", (t) => {
  const install = (text: string, missing: readonly Missing[] = ["Redis", "RabbitMQ"]) =>
    installCommand(readDistribution(join(t.testdir({ release: text }), "release")), missing);
  t.equal(install("ID=fedora\n", ["Redis"]), "sudo dnf install valkey");
  t.equal(install('ID=linuxmint\nID_LIKE="ubuntu debian"\n', ["RabbitMQ"]), "sudo apt-get install rabbitmq-server");
  t.equal(install("ID=plan9\n", ["Redis"]), "(this system's package manager) redis or valkey");
  t.equal(install('ID=debian\nVERSION_ID="12"\n'), "sudo apt-get install redis-server rabbitmq-server");
  t.equal(install("ID=fedora\nVERSION_ID=42\n"), "sudo dnf install valkey rabbitmq-server");
  t.equal(install('ID="rocky"\nID_LIKE="rhel centos fedora"\n'), "sudo dnf install redis rabbitmq-server");
  t.end();
});
