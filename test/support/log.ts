import type { Log } from "../../src/ports.ts";

const nothing = (): void => undefined;

export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** A log that keeps what was said, as `level: message`. */
export function keepingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep =
    (level: string) =>
    (data: object, message: string): void => {
      lines.push(`${level}: ${message} ${JSON.stringify(data)}`);
    };
  return { lines, debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") };
}
