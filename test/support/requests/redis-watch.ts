import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import type { Test } from "tap";
import type { RedisConnection } from "../../../src/adapters/redis/connection.ts";

/** Redis itself calls them neither read nor write: what a script does is told command by command. */
const SCRIPTS = ["eval", "evalsha"];
/** Commands whose arguments are all keys. */
const MANY_KEYS = ["mget", "exists"];

/** The signs that Redis has short escapes for; a quote and a backslash stand for themselves. */
const ESCAPED: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["a", "\x07"],
  ["b", "\b"],
]);

const REGION = "[a-z]{2,4}(?:-[a-z]{2,12}){1,2}-[1-9][0-9]?";
const COMPOSE = "[A-Za-z0-9][A-Za-z0-9._-]{0,127}";
const AMI = "ami-(?:[0-9a-f]{8}|[0-9a-f]{17})";
const DAY = String.raw`\d{4}-\d{2}-\d{2}`;
/** Every key that somebody who looks may read, by parts whose form is known. Written down here anew, not taken from the code. */
const KEY = new RegExp(
  [
    `(?:format|regions|rejected|compose:${COMPOSE})`,
    String.raw`\{${REGION}\}:(?:unresolved|private|delete|restore|held|images|counts|composes|names|events)`,
    String.raw`\{${REGION}\}:(?:image:${AMI}|compose:${COMPOSE}|stream:${COMPOSE})`,
    String.raw`\{control\}:(?:paused|queue|requests|ears|run|stopped|breakers|status|replicas|hung:[\w.-]+)`,
    String.raw`\{control\}:budget:(?:private|delete):(?:days|${DAY})(?::counts)?`,
    String.raw`\{control\}:(?:reporter|comments):pagure:(?:status|memory|cursors|part|lease)`,
  ]
    .map((each) => `^${each}$`)
    .join("|"),
);
/** What may stand behind a key: fields, members, ids, scores and numbers of ours. */
const ARGUMENT = /^[\w.:()+-]{0,160}$/;

/** What was asked of Redis while somebody listened in: how often, and what nobody who only looks may ask. */
export interface RedisWatch {
  readonly seen: () => number;
  readonly wrong: readonly string[];
  /** Resolves when all that was asked before is seen. */
  caughtUp(): Promise<void>;
}

/** Listens in on what is asked about the keys of one prefix, and about no key at all on this connection, until the test ends. */
export async function watchRedis(test: Test, { redis, keys }: RedisConnection): Promise<RedisWatch> {
  const prefix = keys.all.slice(0, -1);
  const kinds = await readOnlyCommands(redis);
  const [wrong, known]: [string[], Set<string>] = [[], new Set()];
  let count = 0;
  let arrived: (marker: string) => void = () => undefined;
  await listenIn(test, redis.options, ([name = "", ...args], isScripts) => {
    if (name === "echo") arrived(args[0] ?? "");
    if (!args.some((each) => each.startsWith(prefix))) return;
    count += 1;
    const line = [name, ...args].join(" ");
    if (known.has(line)) return;
    known.add(line);
    const why = whyWrong(name.toLowerCase(), args, prefix, kinds, isScripts);
    if (why !== null && wrong.length < 20) wrong.push(`${why}: ${line.slice(0, 300)}`);
  });
  return {
    seen: () => count,
    wrong,
    caughtUp: async () => {
      const marker = `${prefix}${count}`;
      const there = new Promise<void>((resolve) => {
        arrived = (each) => {
          if (each === marker) resolve();
        };
      });
      await redis.echo(marker);
      await there;
    },
  };
}

/**
 * MONITOR over a socket of our own: the client library takes the lines that come with the answer to MONITOR for answers to
 * nothing, and then hangs. Resolves when Redis has begun to tell.
 */
async function listenIn(
  test: Test,
  { host = "127.0.0.1", port = 6379 }: { readonly host?: string | undefined; readonly port?: number | undefined },
  told: (words: readonly string[], isScripts: boolean) => void,
): Promise<void> {
  const socket = connect({ host, port });
  test.teardown(() => socket.destroy());
  const lines = createInterface({ input: socket });
  const begun = once(lines, "line");
  lines.on("line", (line) => {
    const [, by, words] = /^\+[\d.]+ \[\d+ ([^\]]+)\] (.*)$/.exec(line) ?? [];
    if (words !== undefined) told(wordsOf(words), by === "lua");
  });
  socket.write("MONITOR\r\n");
  const [answer] = (await begun) as [string];
  if (answer !== "+OK") throw new Error(`Redis answers MONITOR with ${answer}`);
}

/** What Redis put in quotes. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = ""]) =>
    word.replaceAll(/\\(?:x([0-9a-f]{2})|(.))/g, (_, code: string | undefined, sign: string) =>
      code === undefined ? (ESCAPED.get(sign) ?? sign) : String.fromCharCode(Number.parseInt(code, 16)),
    ),
  );
}

/** As this Redis says of itself. */
async function readOnlyCommands(redis: RedisConnection["redis"]): Promise<ReadonlySet<string>> {
  const all = (await redis.call("COMMAND")) as readonly (readonly [string, number, readonly string[]])[];
  return new Set(all.flatMap(([name, , flags]) => (flags.includes("readonly") ? [name] : [])));
}

/** A script's own commands have words that stand in Redis already, such as an image's name. */
function whyWrong(
  name: string,
  args: readonly string[],
  prefix: string,
  kinds: ReadonlySet<string>,
  isScripts: boolean,
): string | null {
  if (name === "echo") return null;
  if (SCRIPTS.includes(name)) return args.slice(2, 2 + Number(args[1])).every(isOurs) ? null : "a key that is none";
  if (!kinds.has(name)) return "it changes something";
  const found = MANY_KEYS.includes(name) ? args : args.slice(0, 1);
  if (!found.every(isOurs)) return "a key that is none";
  return isScripts || args.slice(found.length).every((each) => ARGUMENT.test(each))
    ? null
    : "a word that was not checked";

  function isOurs(key: string): boolean {
    return key.startsWith(prefix) && KEY.test(key.slice(prefix.length));
  }
}

/** Every key with what it holds, but for those that end by themselves. */
export async function everyKey({ redis, keys }: RedisConnection): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for await (const batch of redis.scanStream({ match: keys.all, count: 1000 }))
    for (const key of batch as string[]) {
      const [held, ttl] = [await redis.dumpBuffer(key), await redis.pttl(key)];
      if (ttl === -1) found.set(key, held.toString("base64"));
    }
  return new Map([...found].sort());
}
