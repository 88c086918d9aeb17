import { cp, mkdtemp, readdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Of a project of their own, nothing is copied but what is built. */
const NOT_SEEN = new Set(["dist", ".git", ".cache"]);

/** The built project in a folder of its own, of which one file may be changed; what is not built is the project's. */
export interface Copy {
  /** The path in the copy of a path in the project. */
  readonly pathOf: (path: string) => string;
  readonly write: (path: string, text: string) => Promise<void>;
}

/** In a temporary folder, which goes with the run. */
export async function copyProject(root: string): Promise<Copy> {
  const folder = await mkdtemp(join(tmpdir(), "mutation-"));
  const pathOf = (path: string): string => join(folder, path);
  await cp(join(root, "dist"), pathOf("dist"), { recursive: true });
  for (const name of await readdir(root)) if (!NOT_SEEN.has(name)) await symlink(join(root, name), pathOf(name));
  return { pathOf, write: (path, text) => writeFile(pathOf(path), text) };
}
