import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import t from "tap";
import { SECRET } from "../support/run/secrets.ts";
import { openTestRedis, serverUrl } from "../support/servers/redis/redis.ts";

// Most of them wait for a server that is not there.
t.jobs = 4;

/** The built program, as its users start it. */
const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const PASSWORD = SECRET;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts the program in an empty folder with nothing in its environment but what is given. */
function start(test: Test, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: test.testdirName,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  test.teardown(() => child.kill("SIGKILL"));
  const end = async (): Promise<Ended> => {
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    return { code: child.exitCode, out, err };
  };
  return { child, ended: end() };
}

function run(test: Test, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return start(test, args, env).ended;
}

/** One line for a person on standard error, and nowhere a stack or a password. */
function isOneLine(test: Test, { err, out }: Ended, line: string | RegExp): void {
  test.match(err.replace(/\n$/, ""), line);
  test.match(err, /^clean-amis: [^\n]+\n$/, "one line");
  for (const shown of [err, out]) test.notMatch(shown, /^\s+at |"stack"|S3CRET/m, "no stack and no password");
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

interface Places {
  readonly redis: string;
  readonly amqp?: string;
  readonly prefix?: string;
  readonly top?: string;
}

/** A configuration file for these servers; the queue goes when its one consumer goes. */
function configure(test: Test, { redis, amqp = "amqp://127.0.0.1:1", prefix = "test-cli", top = "" }: Places): string {
  const toml = `amqp_url = "${amqp}"
${top}
[queues.${prefix}]
durable = false
auto_delete = true
exclusive = true
arguments = {}

[[bindings]]
exchange = "amq.topic"
routing_keys = ["org.fedoraproject.prod.${prefix}"]

[consumer_config]
redis_url = "${redis}"
redis_prefix = "${prefix}"

[consumer_config.sources]
compose_host = ""
datagrepper = ""
`;
  return join(test.testdir({ "config.toml": toml }), "config.toml");
}

/** A prefix in the run's Redis whose keys go with the test. */
async function ownPrefix(test: Test) {
  const connection = await openTestRedis(test);
  return { connection, prefix: connection.keys.format.replace(/:format$/, "") };
}

t.test("a command line that cannot be understood ends with 2 and one line that says what would be", async (t) => {
  t.testdir({});
  const rows: readonly (readonly [readonly string[], string | RegExp])[] = [
    [["consme"], 'clean-amis: unknown command "consme": did you mean consume?'],
    [["Tick"], 'clean-amis: unknown command "Tick": did you mean tick?'],
    [["frobnicate"], /^clean-amis: unknown command "frobnicate": one of consume, tick/],
    [["__proto__"], /^clean-amis: unknown command "__proto__": one of /],
    [["constructor"], /^clean-amis: unknown command "constructor": one of /],
    [["a\nb"], /^clean-amis: unknown command "a\\nb": one of /],
    [["--config", "x"], /^clean-amis: unknown command "--config": one of /],
    [
      ["consume", "--confg", "x"],
      "clean-amis: consume: Unknown option '--confg': did you mean --config? (known: --config)",
    ],
    [["consume", "--a.b\nc"], /^clean-amis: consume: Unknown option '--a.b c' \(known: --config\)$/],
    [["consume", "--config"], /^clean-amis: consume: Option '--config <value>' argument missing \(known: --config\)$/],
    [["consume", "now"], /^clean-amis: consume: Unexpected argument 'now'/],
    [["tick", "--once=yes"], /^clean-amis: tick: Option '--once' does not take an argument/],
    [["tick"], /^clean-amis: tick: give --once for one pass/],
  ];
  for (const [args, line] of rows) {
    const ended = await run(t, args);
    t.equal(ended.code, 2, args.join(" "));
    t.equal(ended.out, "", "nothing for programs to read");
    isOneLine(t, ended, line);
  }
});

t.test("help goes to standard output and ends with 0", async (t) => {
  t.testdir({});
  for (const args of [[], ["--help"], ["-h"], ["help"]]) {
    const { code, out, err } = await run(t, args);
    t.same([code, err], [0, ""], args.join(" "));
    for (const command of ["consume", "tick"]) t.match(out, new RegExp(`^  ${command} +\\S`, "m"));
  }
  const { code, out } = await run(t, ["tick", "--once", "--help"]);
  t.equal(code, 0);
  for (const option of ["--config VALUE", "--once", "--dry-run"]) t.match(out, new RegExp(`^  ${option} +\\S`, "m"));
});

t.test("a configuration that is missing or wrong ends with 2 and one line, before anything is opened", async (t) => {
  const dir = t.testdir({ "wrong.toml": "[consumer_config]\nact = 'all'\n", "broken.toml": "a = \n" });
  const wrong = join(dir, "wrong.toml");
  const rows: readonly (readonly [readonly string[], NodeJS.ProcessEnv, string | RegExp])[] = [
    [["consume"], {}, /\/etc\/fedora-messaging\/config\.toml does not exist: give its path with --config or /],
    [["tick", "--once"], {}, /\/etc\/fedora-messaging\/config\.toml does not exist: /],
    [
      ["consume", "--config", "/nowhere/a.toml"],
      {},
      /^clean-amis: configuration file \/nowhere\/a\.toml does not exist: /,
    ],
    [
      ["consume"],
      { FEDORA_MESSAGING_CONF: "/nowhere/b.toml" },
      /^clean-amis: configuration file \/nowhere\/b\.toml does /,
    ],
    [
      ["consume", "--config", wrong],
      {},
      /^clean-amis: \S*wrong\.toml: consumer_config\.act = "all": .*: one of nothing, /,
    ],
    [["consume", "--config", join(dir, "broken.toml")], {}, /^clean-amis: \S*broken\.toml:1:\d+: not TOML: /],
  ];
  for (const [args, env, line] of rows) {
    const ended = await run(t, args, env);
    t.equal(ended.code, 2, args.join(" "));
    isOneLine(t, ended, line);
  }
});

t.test("a Redis that cannot be reached ends with 1 and one line that names it and the remedy", async (t) => {
  const port = await closedPort();
  const file = configure(t, { redis: `redis://me:${PASSWORD}@127.0.0.1:${port}/0` });
  for (const args of [["consume"], ["tick", "--once"]]) {
    const ended = await run(t, [...args, "--config", file]);
    t.equal(ended.code, 1, args.join(" "));
    isOneLine(
      t,
      ended,
      new RegExp(`^clean-amis: redis at \\S*127\\.0\\.0\\.1:${port}\\S* cannot be used: .*REDIS_URL$`),
    );
  }
});

t.test(
  "a broker that cannot be used is told with its reason and the remedy, and tried again until a stop",
  async (t) => {
    const { prefix } = await ownPrefix(t);
    const redis = serverUrl("TEST_REDIS_URL");
    const port = await closedPort();
    const broker = new URL(serverUrl("TEST_AMQP_URL"));
    const stranger = new URL(broker);
    [stranger.username, stranger.password] = ["stranger", PASSWORD];
    const rows: readonly (readonly [string, string, Partial<Places>, RegExp])[] = [
      [
        "nobody listens",
        `amqp://me:${PASSWORD}@127.0.0.1:${port}/v`,
        {},
        new RegExp(`127\\.0\\.0\\.1:${port}/v cannot be used: .*ECONNREFUSED.*: is it running, and are amqp_url`),
      ],
      ["a wrong password", stranger.href, {}, /Login was refused.*: mend user and password in amqp_url or AMQP_URL/],
      [
        "a missing queue",
        broker.href,
        { top: "passive_declares = true" },
        /404 .*no queue 'test-[^']+'.*: have it made/,
      ],
    ];
    for (const [what, amqp, others, line] of rows) {
      const { child, ended } = start(t, ["consume", "--config", configure(t, { redis, amqp, prefix, ...others })]);
      child.stdout.on("data", (lines: Buffer) => {
        if (lines.includes("no broker, trying again")) child.kill("SIGTERM");
      });
      const { code, out, err } = await ended;
      t.same([code, err], [0, ""], what);
      t.match(out, line, what);
      t.notMatch(out, PASSWORD, what);
    }
  },
);

t.test("a key layout of a newer program is not touched", async (t) => {
  const { connection, prefix } = await ownPrefix(t);
  await connection.redis.set(connection.keys.format, "99");
  const ended = await run(t, [
    "tick",
    "--once",
    "--config",
    configure(t, { redis: serverUrl("TEST_REDIS_URL"), prefix }),
  ]);
  t.equal(ended.code, 2);
  isOneLine(t, ended, /format is 99, this program knows \d+: run the newer clean-amis/);
  t.equal(await connection.redis.get(connection.keys.format), "99");
});

t.test("one pass with nothing due says nothing much and ends with 0", async (t) => {
  const { prefix } = await ownPrefix(t);
  const file = configure(t, { redis: serverUrl("TEST_REDIS_URL"), prefix });
  const out = /^deaf, nothing is made private [^\n]*\nnothing is due: [^\n]*\n$/;
  t.match(await run(t, ["tick", "--once", "--config", file]), { code: 0, out, err: "" });
});

t.test("the service says that it runs, and a SIGTERM ends it with 0", async (t) => {
  const { prefix } = await ownPrefix(t);
  const places = { redis: serverUrl("TEST_REDIS_URL"), amqp: serverUrl("TEST_AMQP_URL"), prefix };
  const { child, ended } = start(t, ["consume", "--config", configure(t, places)]);
  child.stdout.on("data", (lines: Buffer) => {
    if (lines.includes("clean-amis is running")) child.kill("SIGTERM");
  });
  const { code, out, err } = await ended;
  t.same([code, err], [0, ""]);
  t.match(out, /clean-amis has stopped/);
});
