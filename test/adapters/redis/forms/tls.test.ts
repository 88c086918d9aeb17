import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { openRedis, type RedisConnection } from "../../../../src/adapters/redis/connection.ts";
import { loadConfig } from "../../../../src/config/config.ts";
import type { RedisConfig } from "../../../../src/config/redis/redis.ts";
import { onFreePorts } from "../../../../src/demo/servers/ports.ts";
import { silentLog } from "../../../support/run/log.ts";
import { until } from "../../../support/servers/broker/bus.ts";
import { Authority, type Wanted } from "../../../support/servers/certificates.ts";
import { MASTER, openStarter, type RedisNode, type Starter } from "../../../support/servers/redis/redis-forms.ts";

const DAY_MS = 86_400_000;

/** Files beside each other, as a test writes them. */
function write(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
}

/** A server's certificate and key; resolves to Redis' options that name them. */
function serve(dir: string, name: string, authority: Authority, wanted: Partial<Wanted> = {}): readonly string[] {
  const { cert, key } = authority.issue(wanted);
  write(dir, { [`${name}.pem`]: cert, [`${name}.key`]: key });
  return ["tls-cert-file", join(dir, `${name}.pem`), "tls-key-file", join(dir, `${name}.key`)];
}

const asArguments = (options: readonly string[]): readonly string[] =>
  options.map((word, index) => (index % 2 === 0 ? `--${word}` : word));

/** What the service reads: a file, and secrets that stand in files as well. */
function configOf(dir: string, lines: readonly string[], secrets: Readonly<Record<string, string>>): RedisConfig {
  write(dir, { "config.toml": `[consumer_config]\n${lines.join("\n")}\n`, ...secrets });
  const env = Object.fromEntries(Object.keys(secrets).map((name) => [`${name}_FILE`, join(dir, name)]));
  return loadConfig(join(dir, "config.toml"), env, []).redis;
}

/** One Redis over TLS, where the user `me` alone may touch a key; it asks for a certificate of the client's. */
async function startSecure(starter: Starter, authority: Authority) {
  const { dir } = starter;
  write(dir, { "ca.pem": authority.cert });
  const options = serve(dir, "server", authority);
  return onFreePorts(2, async (plain = 0, port = 0) => {
    const node = await starter.start(plain, [
      ...["--tls-port", String(port), "--tls-ca-cert-file", join(dir, "ca.pem"), "--tls-auth-clients", "yes"],
      ...asArguments(options),
    ]);
    await allowOnly(node, "S3CRET");
    return { node, port };
  });
}

async function allowOnly({ admin }: Pick<RedisNode, "admin">, password: string): Promise<void> {
  await admin.call("ACL", "SETUSER", "me", "on", `>${password}`, "~*", "&*", "+@all");
  await admin.call("ACL", "SETUSER", "default", "resetkeys");
}

async function open(t: Test, place: RedisConfig): Promise<RedisConnection> {
  const connection = await openRedis(place, "over-tls", silentLog);
  t.teardown(() => connection.close());
  return connection;
}

t.test("Redis over TLS: with what the files say, with nothing less, and with what they say anew", async (t) => {
  const [starter, authority, stranger] = [await openStarter(t), new Authority("ours"), new Authority("strange")];
  const { node, port } = await startSecure(starter, authority);
  const dir = t.testdir({});
  const us = authority.issue({ names: ["us"] });
  write(dir, { "ca.pem": authority.cert, "strange.pem": stranger.cert, "us.pem": us.cert, "us.key": us.key });
  write(dir, { "other.key": authority.issue().key });
  const place = (files: Readonly<Record<string, string>>, password = "S3CRET", host = "127.0.0.1"): RedisConfig =>
    configOf(
      dir,
      Object.entries(files).map(([name, file]) => `redis_tls.${name} = "${join(dir, file)}"`),
      { REDIS_URL: `rediss://me:${password}@${host}:${port}` },
    );
  const all = { ca_cert: "ca.pem", certfile: "us.pem", keyfile: "us.key" };
  const { redis } = await open(t, place(all));
  t.equal(await redis.set("over-tls:said", "1"), "OK");

  const refused: readonly (readonly [string, RedisConfig, RegExp])[] = [
    ["an authority of another's", place({ ...all, ca_cert: "strange.pem" }), /certificate/],
    ["no authority but the system's", place({ certfile: "us.pem", keyfile: "us.key" }), /certificate/],
    ["no certificate of ours", place({ ca_cert: "ca.pem" }), /certificate required|closed|ECONNRESET|alert/],
    ["a key that does not fit", place({ ...all, keyfile: "other.key" }), /key values mismatch/],
    ["another password", place(all, "wrong"), /WRONGPASS/],
    [
      "no TLS",
      { ...place(all), address: { ...place(all).address, isTls: false } },
      /closed|ECONNRESET|timeout|protocol/i,
    ],
  ];
  for (const [what, config, why] of refused) {
    await t.rejects(openRedis(config, "over-tls", silentLog), { name: "UpstreamError", message: why }, what);
    await t.rejects(openRedis(config, "over-tls", silentLog), { message: /^(?!.*S3CRET)[^\n]*$/ });
  }
  const theirs: readonly (readonly [string, Partial<Wanted>, RegExp])[] = [
    ["another host's", { names: ["elsewhere.example"] }, /does not match|altnames/i],
    ["one that is over", { from: Date.now() - 2 * DAY_MS, until: Date.now() - DAY_MS }, /expired/],
    ["one that counts from tomorrow", { from: Date.now() + DAY_MS, until: Date.now() + 2 * DAY_MS }, /not yet valid/],
  ];
  for (const [what, wanted, why] of theirs) {
    await node.admin.call("CONFIG", "SET", ...serve(starter.dir, "wrong", authority, wanted));
    await t.rejects(openRedis(place(all), "over-tls", silentLog), { name: "UpstreamError", message: why }, what);
  }

  // All of it anew: the authority, Redis' certificate, and ours.
  const next = new Authority("the next");
  const renewed = next.issue({ names: ["us"] });
  write(starter.dir, { "next.pem": next.cert });
  const words = serve(starter.dir, "renewed", next);
  await node.admin.call("CONFIG", "SET", ...words, "tls-ca-cert-file", join(starter.dir, "next.pem"));
  write(dir, { "ca.pem": next.cert, "us.pem": renewed.cert, "us.key": renewed.key });
  await node.admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await until("the next connection reads the files anew", async () => {
    const [said] = await Promise.allSettled([redis.get("over-tls:said")]);
    return said.status === "fulfilled" && said.value === "1";
  });
  t.equal(await redis.exists("over-tls:said"), 1);
});

t.test("a sentinel has an authority, a user and a password of its own, and leads to a master over TLS", async (t) => {
  const [starter, ours, theirs] = [await openStarter(t), new Authority("ours"), new Authority("theirs")];
  const { dir } = starter;
  write(dir, { "ca.pem": ours.cert });
  const common = ["tls-ca-cert-file", join(dir, "ca.pem"), "tls-auth-clients", "no", "tls-replication", "yes"];
  const server = [...common, ...serve(dir, "server", ours)];
  const asked = await onFreePorts(6, async (...ports) => {
    const [plain = 0, tls = 0, plainToo = 0, tlsToo = 0, sentinel = 0, asked = 0] = ports;
    const master = await starter.start(plain, ["--tls-port", String(tls), ...asArguments(server)]);
    const follow = ["--replicaof", "127.0.0.1", String(tls)];
    await starter.start(plainToo, ["--tls-port", String(tlsToo), ...asArguments(server), ...follow]);
    await allowOnly(master, "S3CRET");
    const pairs = ["tls-port", String(asked), ...common, ...serve(dir, "sentinel", theirs)];
    const lines = pairs.flatMap((word, index) => (index % 2 === 0 ? [`${word} ${pairs[index + 1] ?? ""}`] : []));
    const admin = await starter.startSentinel(sentinel, tls, 1, lines);
    await admin.call("ACL", "SETUSER", "watcher", "on", ">TH3IRS", "~*", "&*", "+@all");
    await admin.call("ACL", "SETUSER", "default", "off");
    return asked;
  });
  const here = t.testdir({});
  write(here, { "ca.pem": ours.cert, "theirs.pem": theirs.cert });
  const lines = [
    `redis_tls.ca_cert = "${join(here, "ca.pem")}"`,
    `redis_sentinel.ca_cert = "${join(here, "theirs.pem")}"`,
  ];
  const secrets = {
    REDIS_URL: `rediss+sentinel://me:S3CRET@127.0.0.1:${asked}/${MASTER}/0`,
    REDIS_SENTINEL_USER: "watcher",
    REDIS_SENTINEL_PASSWORD: "TH3IRS",
  };
  const { redis } = await open(t, configOf(here, lines, secrets));
  t.equal(await redis.set("over-tls:said", "1"), "OK");
  t.ok((redis as unknown as { stream: { encrypted?: boolean } }).stream.encrypted);
  const wrong: readonly (readonly [string, RedisConfig])[] = [
    ["the sentinels' password", configOf(here, lines, { ...secrets, REDIS_SENTINEL_PASSWORD: "S3CRET" })],
    [
      "Redis' password",
      configOf(here, lines, { ...secrets, REDIS_URL: secrets.REDIS_URL.replace("S3CRET", "TH3IRS") }),
    ],
    ["the sentinels' authority", configOf(here, lines.slice(0, 1), secrets)],
  ];
  for (const [what, config] of wrong)
    await t.rejects(openRedis(config, "over-tls", silentLog), { name: "UpstreamError" }, `not without ${what}`);
});

t.test("a Cluster over TLS", async (t) => {
  const [starter, authority] = [await openStarter(t), new Authority("ours")];
  const { dir } = starter;
  write(dir, { "ca.pem": authority.cert });
  const options = ["tls-ca-cert-file", join(dir, "ca.pem"), "tls-auth-clients", "no", "tls-cluster", "yes"];
  const port = await onFreePorts(2, async (plain, free) => {
    // Its nodes speak to each other on a port above their own.
    const port = free > 55_535 ? free - 20_000 : free;
    const { admin } = await starter.start(plain, [
      ...["--tls-port", String(port), "--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"],
      ...asArguments([...options, ...serve(dir, "server", authority)]),
    ]);
    await admin.call("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
    await until("it serves", async () => String(await admin.call("CLUSTER", "INFO")).includes("cluster_state:ok"));
    await allowOnly({ admin }, "S3CRET");
    return port;
  });
  const here = t.testdir({});
  write(here, { "ca.pem": authority.cert });
  const lines = [`redis_tls.ca_cert = "${join(here, "ca.pem")}"`];
  const url = `rediss+cluster://me:S3CRET@127.0.0.1:${port}`;
  const { redis } = await open(t, configOf(here, lines, { REDIS_URL: url }));
  t.equal(await redis.set("over-tls:said", "1"), "OK");
  const wrong = [
    configOf(here, [], { REDIS_URL: url }),
    configOf(here, lines, { REDIS_URL: url.replace("S3CRET", "wrong") }),
  ];
  for (const config of wrong) await t.rejects(openRedis(config, "over-tls", silentLog), { name: "UpstreamError" });
});
