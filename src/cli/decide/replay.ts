import { createReadStream, existsSync } from "node:fs";
import { CONFIG, onlyWord, textOf, type Command, type Invocation } from "../command/command.ts";
import { linesOf } from "../command/lines.ts";
import { storedMessage } from "./stored.ts";
import { plain } from "../terminal/show.ts";
import { configPath, loadConfig, policyIn } from "../../config/config.ts";
import { DEFAULT_POLICY, type Policy } from "../../domain/compose/classify.ts";
import type { Upload } from "../../domain/image/upload.ts";
import { quote } from "../../domain/words.ts";
import { ConfigError } from "../../errors.ts";
import { decode, type Heard } from "../../hear/decode.ts";
import { Rehearsal } from "../../hear/rehearsal.ts";

const LONGEST_LINE = 16 * 1024 * 1024;

/** So many different reasons are counted each for itself. */
const MOST_REASONS = 50;

export const replay: Command = {
  summary: "stored messages through decode and decision; with --policy, what would change",
  positionals: "FILE",
  options: {
    config: {
      ...CONFIG,
      help: `${CONFIG.help}; without any: prod, both switches off`,
    },
    policy: {
      type: "string",
      help: "another configuration file: print only what its policy would change",
      values: "file",
    },
  },
  examples: ["clean-amis replay messages.jsonl", "clean-amis replay messages.jsonl --policy other.toml"],
  run: async (invocation) => {
    const file = onlyWord(invocation, "replay: give one FILE of messages, one JSON object a line");
    const { environments, policy, from } = settingsOf(invocation);
    const otherFile = textOf(invocation, "policy");
    const other = otherFile === undefined ? null : policyIn(otherFile);
    const heard = await hearFile(file, environments, other === null, invocation);
    const fates = await tellImages(heard, policy, other, invocation);
    const { print } = invocation;
    await print(`${heard.lines} lines`);
    await printCounts(heard.counts, print);
    const would = other === null ? "" : `; what would change by that of ${otherFile ?? ""}`;
    await print(plain(`${heard.images.size} images, by the policy ${from}${would}`));
    await printCounts(fates, print);
    return 0;
  },
};

/** All that a file says: its images in the order of their first announcement, and what is known of their composes. */
interface HeardFile {
  readonly rehearsal: Rehearsal;
  readonly images: ReadonlyMap<string, Upload>;
  /** Images that were announced for two composes: both. */
  readonly conflicts: ReadonlyMap<string, string>;
  /** Those that are not empty. */
  readonly lines: number;
  readonly counts: ReadonlyMap<string, number>;
}

/** Reads the file once, so that it may be a pipe. What it says in all is known only at its end. */
async function hearFile(
  file: string,
  environments: readonly string[],
  isTold: boolean,
  { print, stop }: Invocation,
): Promise<HeardFile> {
  const rehearsal = new Rehearsal();
  const images = new Map<string, Upload>();
  const conflicts = new Map<string, string>();
  const counts = new Map<string, number>();
  let lines = 0;
  for await (const { number, heard } of heardIn(file, environments, stop)) {
    lines += 1;
    rehearsal.learn(heard);
    const reasons = heard.kind === "rejected" ? [heard.reason] : "unreadable" in heard ? heard.unreadable : [];
    for (const reason of reasons) {
      if (isTold) await print(plain(`line ${number}: rejected: ${reason}`));
      const what = plain(`rejected: ${reason}`);
      count(counts, counts.has(what) || counts.size < MOST_REASONS ? what : "rejected: for other reasons");
    }
    if (heard.kind === "ignored") count(counts, `ignored: ${heard.because}`);
    if (heard.kind === "facts") count(counts, "with facts of composes");
    if (heard.kind !== "uploads") continue;
    count(counts, "with images");
    for (const upload of heard.uploads) {
      const key = `${upload.region} ${upload.amiId}`;
      const first = images.get(key);
      if (first === undefined) images.set(key, upload);
      else if (first.composeId !== upload.composeId && !conflicts.has(key))
        conflicts.set(key, `announced for compose ${first.composeId}, and again for ${upload.composeId}`);
    }
  }
  return { rehearsal, images, conflicts, lines, counts };
}

/** One line an image, or one for each that another policy changes; resolves to how many had which fate. */
async function tellImages(
  { rehearsal, images, conflicts }: HeardFile,
  policy: Policy,
  other: Policy | null,
  { print }: Invocation,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const [key, upload] of images) {
    const conflict = conflicts.get(key);
    const fateBy = (by: Policy): string =>
      conflict === undefined ? rehearsal.fateOf(upload, by) : `keep (conflict): ${conflict}`;
    const now = fateBy(policy);
    const then = other === null ? now : fateBy(other);
    const what = `${key} ${upload.composeId}`;
    count(counts, now === then ? kindOf(now) : `${kindOf(now)} -> ${kindOf(then)}`);
    if (other === null) await print(plain(`${what}: ${now}`));
    else if (now !== then) await print(plain(`${what}: ${kindOf(now)} -> ${then}`));
  }
  return counts;
}

function kindOf(fate: string): string {
  return fate.split(":")[0] ?? fate;
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

async function printCounts(counts: ReadonlyMap<string, number>, print: Invocation["print"]): Promise<void> {
  for (const [what, number] of [...counts].sort()) await print(`${String(number).padStart(8)}  ${what}`);
}

function settingsOf(invocation: Invocation): {
  readonly environments: readonly string[];
  readonly policy: Policy;
  /** Whose policy it is, for a sentence. */
  readonly from: string;
} {
  const { env } = invocation;
  const file = configPath(textOf(invocation, "config"), env);
  const isAsked = textOf(invocation, "config") !== undefined || (env["FEDORA_MESSAGING_CONF"] ?? "") !== "";
  if (!isAsked && !existsSync(file)) return { environments: ["prod"], policy: DEFAULT_POLICY, from: "as shipped" };
  return { ...loadConfig(file, env, []), from: `of ${file}` };
}

/** What every line says, in order. Throws `ConfigError` when the file cannot be read. */
async function* heardIn(
  file: string,
  environments: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<{ readonly number: number; readonly heard: Heard }> {
  const input = createReadStream(file, { signal });
  try {
    for await (const lines of linesOf(input, LONGEST_LINE)) {
      for (const line of lines) {
        if (line.text?.trim() === "") continue;
        const message = storedMessage(line, Date.now());
        const isMessage = typeof message !== "string";
        const heard: Heard = isMessage ? decode(message, environments) : { kind: "rejected", reason: message };
        yield { number: line.number, heard };
      }
    }
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    // Only what the file system says is the file's fault.
    if (code === undefined || syscall === undefined) throw error;
    throw new ConfigError(`replay: file ${quote(file)} cannot be read (${code}): give a file of messages`, {
      cause: error,
    });
  } finally {
    input.destroy();
  }
}
