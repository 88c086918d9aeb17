import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readdir, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Test } from "tap";
import t from "tap";
import { installCommand, readDistribution, type Missing } from "../../src/demo/servers/distribution.ts";
import { findServers } from "../../src/demo/servers/find.ts";
import { unpackServers } from "../../src/demo/servers/packages/unpack.ts";
import { onFreePorts } from "../../src/demo/servers/ports.ts";
import { familyOf, isStillRunning } from "../../src/demo/servers/processes.ts";
import { startRabbitmq } from "../../src/demo/servers/rabbitmq.ts";
import { startRedis } from "../../src/demo/servers/redis.ts";
import { onPath } from "../support/program/on-path.ts";

const execute = promisify(execFile);
const OWNER = fileURLToPath(new URL("../support/run/owner.js", import.meta.url));

/** Polls, because nobody tells when processes end that are not ours. */
async function until(isSo: () => boolean, limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (Date.now() < deadline) {
    if (isSo()) return true;
    await pause(50);
  }
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
  // Not their number: a shell that starts a program has children too, for an instant.
  const guardiansAtWork = () => {
    const family = children();
    const parents = new Set(family.map(({ parent }) => parent));
    return family.filter(({ pid, parent }) => parent === owner.pid && parents.has(pid)).length;
  };
  t.ok(await until(() => guardiansAtWork() === 2, 60_000), "Redis and RabbitMQ's guardians have started programs");
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

/**
 * A package as the doubles have them: a tarball in an RPM's place, with what Fedora's hold of both servers. RabbitMQ's script reads
 * its neighbour by a path that a blank breaks, as the true one does.
 */
const FAKE_DNF = `#!/bin/bash
[[ "$1 $2 $3 $4" == "-q download --resolve --setopt=install_weak_deps=False" && "$5" == --destdir=/* && "$6 $7" == "valkey rabbitmq-server" && $# == 7 ]] || { echo "dnf: not known here: $*" >&2; exit 64; }
made=$(mktemp -d)
program() { mkdir -p "$made/$(dirname "$1")"; printf '#!/bin/sh\\necho %s\\n' "$(basename "$1")" >"$made/$1"; chmod 755 "$made/$1"; }
for each in usr/bin/valkey-server usr/bin/valkey-cli usr/lib64/erlang/erts-15/bin/erlexec usr/lib64/erlang/erts-15/bin/epmd usr/lib/rabbitmq/lib/rabbitmq_server-4.0/sbin/rabbitmq-server; do program $each; done
sbin="$made/usr/lib/rabbitmq/lib/rabbitmq_server-4.0/sbin"
printf '%s\\n' '#!/bin/sh' 'set -e' '[ "$RABBITMQ_SCRIPTS_DIR" ] || RABBITMQ_SCRIPTS_DIR=$(dirname $0)' '. $RABBITMQ_SCRIPTS_DIR/rabbitmq-defaults' >"$sbin/rabbitmq-server"
echo 'echo rabbitmq-server' >"$sbin/rabbitmq-defaults"
tar -cf "\${5#--destdir=}/all.x86_64.rpm" -C "$made" .
echo broken >"\${5#--destdir=}/all.i686.rpm"
rm -r "$made"
`;
const FAKES: Readonly<Record<string, string>> = {
  bsdtar: '#!/bin/sh\n[ "$1 $3 $#" = "-xf -C 4" ] || exit 64\nexec tar -xf "$2" -C "$4"\n',
  rpm2cpio: '#!/bin/sh\n[ $# = 1 ] || exit 64\nexec cat "$1"\n',
  cpio: '#!/bin/sh\n[ "$*" = "--quiet -idm" ] || exit 64\nexec tar -x\n',
  rpm2archive: "#!/bin/sh\n[ $# = 0 ] || exit 64\nexec gzip\n",
};

t.test("Fedora's own packages are unpacked without root, by whatever of its programs can", async (t) => {
  for (const programs of [["bsdtar"], ["rpm2cpio", "cpio"], ["rpm2archive"]]) {
    const scripts = Object.fromEntries(programs.map((name) => [name, FAKES[name] ?? ""]));
    const dir = t.testdir({ bin: { dnf: FAKE_DNF, ...scripts }, tools: {}, release: "ID=fedora\nVERSION_ID=43\n" });
    for (const name of ["dnf", ...programs]) await chmod(join(dir, "bin", name), 0o755);
    // What every machine has, and no apt.
    for (const name of [
      "bash",
      "sh",
      "tar",
      "gzip",
      "cat",
      "mkdir",
      "mktemp",
      "dirname",
      "basename",
      "chmod",
      "rm",
      "printf",
      "echo",
    ])
      await symlink(onPath(name) ?? `/bin/${name}`, join(dir, "tools", name));
    const env = { PATH: `${join(dir, "bin")}:${join(dir, "tools")}` };
    const folder = join(dir, "a cache/servers");
    await unpackServers(folder, { env, osRelease: join(dir, "release") });
    t.same((await readdir(folder)).sort(), ["bin", "usr"], programs.join());
    for (const [name, said] of [
      ["redis-server", "valkey-server"],
      ["redis-cli", "valkey-cli"],
      ["erl", "erlexec"],
      ["epmd", "epmd"],
      ["rabbitmq-server", "rabbitmq-server"],
    ] as const)
      t.equal((await execute(join(folder, "bin", name), [])).stdout, `${said}\n`, name);
    await writeFile(
      join(dir, "bin/dnf"),
      "#!/bin/sh\necho 'Cannot download, all mirrors were already tried' >&2\nexit 1\n",
    );
    await t.rejects(unpackServers(join(dir, "a cache/again"), { env, osRelease: join(dir, "release") }), {
      name: "SetupError",
      message: "Cannot download, all mirrors were already tried",
    });
    t.same(await readdir(join(dir, "a cache")), ["servers"], "nothing is left of what failed");
  }
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
