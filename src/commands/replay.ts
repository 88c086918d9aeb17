import { createReadStream } from "node:fs";
import { loadConfig, configPath, policyIn } from "../config.ts";
import { decode, type Heard } from "../decode.ts";
import { DEFAULT_POLICY, type Policy } from "../domain/classify.ts";
import { quote } from "../domain/compose.ts";
import { ConfigError, UsageError } from "../errors.ts";
import { Past } from "../past.ts";
import type { Message } from "../ports.ts";
import { CONFIG, type Command, type Invocation } from "./command.ts";
import { linesOf } from "./lines.ts";

const LONGEST_LINE = 16 * 1024 * 1024;

export const replay: Command = {
  summary: "stored messages through decode and decision; with --policy, what would change",
  positionals: "FILE",
  options: {
    config: {
      ...CONFIG,
      help: "configuration file whose environments and policy count (else prod, both switches off)",
    },
    policy: { type: "string", help: "another configuration file: print only what its policy would change" },
  },
  examples: ["clean-amis replay messages.jsonl", "clean-amis replay messages.jsonl --policy other.toml"],
  run: async (invocation) => {
    const [file, ...more] = invocation.positionals;
    if (file === undefined || more.length > 0)
      throw new UsageError("replay: give one FILE of messages, one JSON object a line");
    const { environments, policy } = settingsOf(invocation);
    const other = invocation.options["policy"];
    const past = new Past();
    for await (const heard of heardIn(file, environments)) past.learn(heard);
    const counts = new Map<string, number>();
    const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
    for await (const heard of heardIn(file, environments)) {
      if (heard.kind === "ignored") count(`ignored: ${heard.because}`);
      if (heard.kind === "rejected") count("rejected");
      if (heard.kind === "rejected" && other === undefined) await invocation.print(`rejected: ${heard.reason}`);
      if (heard.kind !== "uploads") continue;
      for (const upload of heard.uploads) {
        const now = past.fateOf(upload, policy);
        const then = typeof other === "string" ? past.fateOf(upload, policyIn(other)) : now;
        const what = `${upload.region} ${upload.amiId} ${upload.composeId}`;
        count(
          now === then ? (now.split(":")[0] ?? now) : `${now.split(":")[0] ?? now} -> ${then.split(":")[0] ?? then}`,
        );
        if (other === undefined) await invocation.print(`${what}: ${now}`);
        else if (now !== then) await invocation.print(`${what}: ${now} -> ${then}`);
      }
    }
    for (const [what, number] of [...counts].sort()) await invocation.print(`${String(number).padStart(8)}  ${what}`);
    return 0;
  },
};

function settingsOf({ options, env }: Invocation): {
  readonly environments: readonly string[];
  readonly policy: Policy;
} {
  const { config } = options;
  if (typeof config !== "string") return { environments: ["prod"], policy: DEFAULT_POLICY };
  return loadConfig(configPath(config, env), env);
}

async function* heardIn(file: string, environments: readonly string[]): AsyncGenerator<Heard> {
  const input = createReadStream(file);
  try {
    for await (const line of linesOf(input, LONGEST_LINE)) {
      if (line === "") continue;
      const message = line === null ? `a line longer than ${LONGEST_LINE} bytes` : messageIn(line);
      yield typeof message === "string" ? { kind: "rejected", reason: message } : decode(message, environments);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new ConfigError(`replay: file ${quote(file)} cannot be read (${code}): give a file of messages`, {
      cause: error,
    });
  } finally {
    input.destroy();
  }
}

/** A dump of fedora-messaging, or a `/raw` item of datagrepper; or why the line is neither. */
function messageIn(line: string): Message | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `no JSON: ${quote(line)}`;
  }
  if (typeof value !== "object" || value === null) return `no message: ${quote(line)}`;
  const item = value as Readonly<Record<string, unknown>>;
  const body = item["body"] ?? item["msg"];
  if (typeof item["topic"] !== "string" || body === undefined) return `no message: ${quote(line)}`;
  const id = item["id"] ?? item["msg_id"];
  return {
    topic: item["topic"],
    messageId: typeof id === "string" ? id : "",
    headers: (item["headers"] ?? {}) as Readonly<Record<string, unknown>>,
    body: Buffer.from(JSON.stringify(body)),
    arrivedAt: Date.now(),
  };
}
