import { pino } from "pino";
import type { Log, Reports } from "../ports/index.ts";

/** So much waits for a reader that is slow, or hangs; what comes then is dropped. */
const MOST_WAITING_BYTES = 1024 * 1024;

/** JSON lines on standard output, or on another stream. Names that hold secrets are blanked, wherever somebody may log them. */
export function openLog(level: string, stream: NodeJS.WriteStream = process.stdout): Log {
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
  return pino(options, logTarget(stream));
}

/** Each write is told of its own. */
const tolerate = (): void => undefined;

/**
 * Writes lines as long as that goes: a log that is full, gone or read by nobody neither ends the work nor holds it up. What was
 * dropped is counted, and told in the log as soon as it takes lines again. pino's own writer would wait for a pipe for ever, and
 * end the process when a disk is full.
 */
function logTarget(stream: NodeJS.WriteStream): { write(line: string): void } {
  let dropped = 0;
  if (!stream.listeners("error").includes(tolerate)) stream.on("error", tolerate);
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
          `${JSON.stringify({ ...data, msg: "the log took no lines for a while: they are lost" })}\n`,
          (error) => {
            if (!error) dropped -= toTell;
          },
        );
      }
      stream.write(line, (error) => {
        if (error) dropped += 1;
      });
    },
  };
}

/**
 * Reports that go to the log alone: for trying things out, not a notice to the public. A post is logged once in the life of
 * the process; a log cannot be searched, so after a crash a post may stand there twice, with the same marker.
 */
export function logReports(log: Log): Reports {
  const logged = new Set<string>();
  return {
    check: () => Promise.resolve({ user: "log" }),
    publish: async ({ day, title, marker, opening, text }, beforePost) => {
      if (!text.includes(marker)) throw new Error(`The post lacks its own marker ${marker}.`);
      if (!logged.has(marker)) {
        await beforePost();
        log.info({ day, title, marker, opening, text }, "report");
        logged.add(marker);
      }
      return { url: "log" };
    },
    posted: () => Promise.resolve([]),
    mergeRepeats: () => Promise.resolve(0),
  };
}
