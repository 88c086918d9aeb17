import { isJournal, prioritised, type Level } from "../../config/systemd-journal.ts";
import type { Environment } from "../../config/file.ts";

/**
 * A complaint as this stream takes it: the journal is told how much it matters, or `journalctl -p warning` would leave out why a
 * program ended.
 */
export function complaintFor(stream: { readonly fd: number }, text: string, level: Level, env: Environment): string {
  return isJournal(stream.fd, env) ? prioritised(text, level) : text;
}
