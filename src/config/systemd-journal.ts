import { fstatSync } from "node:fs";
import type { Environment } from "./file.ts";

/** The journal's word for a level (sd-daemon(3)). */
const PRIORITIES = { fatal: 2, error: 3, warn: 4, info: 6, debug: 7, trace: 7 } as const;

/** A level of the log's. */
export type Level = keyof typeof PRIORITIES;

/** systemd says in JOURNAL_STREAM what it connected to the journal (systemd.exec(5)): a stream that was redirected since is not. */
export function isJournal(fd: number, env: Environment): boolean {
  const told = env["JOURNAL_STREAM"] ?? "";
  if (told === "") return false;
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return told === `${dev}:${ino}`;
}

/** Each line of a text with its priority in front, which the journal takes off: a line without one is no warning to it. */
export function prioritised(text: string, level: Level): string {
  return text.replaceAll(/^/gm, `<${PRIORITIES[level]}>`);
}

/** Whether a word is a level. */
export function isLevel(word: string): word is Level {
  return Object.hasOwn(PRIORITIES, word);
}
