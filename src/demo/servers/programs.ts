import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";

/** The first of these programs, in the order of their names, that lies in one of the folders. */
export function firstProgram(names: readonly string[], folders: readonly string[]): string | null {
  const candidates = names.flatMap((name) =>
    folders.filter((folder) => folder !== "").map((folder) => join(folder, name)),
  );
  return candidates.find(isProgram) ?? null;
}

export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // Not there, or not for us: not a program that we can start.
  }
}
