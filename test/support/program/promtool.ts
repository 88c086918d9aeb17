import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Prometheus' own tool, where this machine has it; null: it has none. */
export function promtool(): string | null {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, "promtool");
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // It may be in another folder.
      continue;
    }
  }
  return null;
}
