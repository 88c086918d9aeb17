import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { subWordsOf } from "../../../src/cli/command/command.ts";
import { ROOT } from "./blocks.ts";

const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> };

/** Programs of the machine that the service is put on: of their words only our own files are looked for. */
const OTHERS = [".", "aws", "install", "kubectl", "podman", "redis-cli", "sudo", "systemctl", "tar"];

/** The command lines of a text, without their comments; what stands on both sides of `&&` and `|` counts by itself. */
export function commandLines(text: string): readonly string[] {
  return text
    .split("\n")
    .flatMap((line) => line.replace(/(?:^|\s)#.*$/, "").split(/&&|\|/))
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** What nobody knows of a command line; null when every word with a meaning is known. */
export function unknownIn(line: string): string | null {
  const words = (line.match(/"[^"]*"|\S+/g) ?? []).filter((word) => !/^[A-Z_]+=/.test(word));
  const [program, first = "", ...rest] = words;
  if (program === "node" && first === "dist/src/main.js") return ofProgram(rest);
  if (program === "clean-amis") return ofProgram([first, ...rest]);
  if (OTHERS.includes(program ?? ""))
    return words.find((word) => /^deploy\//.test(word) && !existsSync(join(ROOT, word))) ?? null;
  if (program !== "npm") return `no program ${String(program)}`;
  if (["ci", "install", "pack"].includes(first)) return null;
  if (first === "run") return rest[0] !== undefined && rest[0] in scripts ? null : `no script ${String(rest[0])}`;
  if (first !== "test") return `npm ${first}`;
  return rest.find((path) => !existsSync(join(ROOT, path))) ?? null;
}

function ofProgram([name = "", ...rest]: readonly string[]): string | null {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return `no command ${name}`;
  const options = rest.filter((word) => word.startsWith("--")).map((word) => word.slice(2).split("=")[0] ?? "");
  const strange = options.find((option) => !(option in command.options));
  if (strange !== undefined) return `${name} has no --${strange}`;
  const [word] = rest;
  const isWord = word !== undefined && /^[a-z]+$/.test(word) && subWordsOf(command).length > 0;
  return isWord && !subWordsOf(command).includes(word) ? `${name} has no ${word}` : null;
}
