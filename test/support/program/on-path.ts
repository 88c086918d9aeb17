import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The first of these programs that this machine has, in the order of its PATH; null: it has none. */
export function onPath(...names: readonly string[]): string | null {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter))
    for (const name of names) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // It may be called otherwise, or be in another folder.
        continue;
      }
    }
  return null;
}
