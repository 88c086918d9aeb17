import { pino } from "pino";
import { isJournal, isLevel, prioritised } from "../config/systemd-journal.ts";
import type { Environment } from "../config/file.ts";
import type { Log } from "../ports/index.ts";

/** So much waits for a reader that is slow, or hangs; what comes then is dropped. */
const MOST_WAITING_BYTES = 1024 * 1024;

/** A stream that is a file descriptor of this process. */
type LogStream = NodeJS.WritableStream & { readonly fd: number; readonly writableLength: number };

/**
 * JSON lines on standard output, or on another stream; into the journal with its priority in front, which the journal takes off.
 * Names that hold secrets are blanked, wherever somebody may log them.
 */
export function openLog(level: string, stream: LogStream = process.stdout, env: Environment = process.env): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: ["token", "*.token", "password", "*.password", "secretAccessKey", "*.secretAccessKey"],
      censor: "***",
    },
  };
  return pino(options, logTarget(stream, isJournal(stream.fd, env) ? ofJournal : (line) => line));
}

function ofJournal(line: string): string {
  const level = /^\{"level":"(\w+)"/.exec(line)?.[1] ?? "";
  return `${prioritised(line.trimEnd(), isLevel(level) ? level : "info")}\n`;
}

/**
 * Writes lines as long as that goes: a log that is full, gone or read by nobody neither ends the work nor holds it up. What was
 * dropped is counted, and told in the log as soon as it takes lines again. The process edge hears the stream's errors: each write
 * is told of its own. pino's own writer would wait for a pipe for ever, and end the process when a disk is full.
 */
function logTarget(stream: LogStream, form: (line: string) => string): { write(line: string): void } {
  let dropped = 0;
  return {
    write: (line) => {
      if (stream.writableLength > MOST_WAITING_BYTES) {
        dropped += 1;
        return;
      }
      const toTell = dropped;
      if (toTell > 0) {
        const data = { level: "warn", time: new Date().toISOString(), lines: toTell };
        stream.write(
          form(`${JSON.stringify({ ...data, msg: "the log took no lines for a while: they are lost" })}\n`),
          (error) => {
            if (!error) dropped -= toTell;
          },
        );
      }
      stream.write(form(line), (error) => {
        if (error) dropped += 1;
      });
    },
  };
}
