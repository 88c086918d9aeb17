import { pino } from "pino";
import type { Log, Reports } from "../ports.ts";

/** JSON lines on standard output. Names that hold secrets are blanked, wherever somebody may log them. */
export function openLog(level: string): Log {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: ["token", "*.token", "password", "*.password", "secretAccessKey", "*.secretAccessKey"],
      censor: "***",
    },
  });
}

/** Reports that go to the log alone: for trying things out, not a notice to the public. */
export function logReports(log: Log): Reports {
  return {
    publish: async ({ day, title, marker, text }) => {
      log.info({ day, title, marker, text }, "report");
      return Promise.resolve({ url: "log" });
    },
  };
}
