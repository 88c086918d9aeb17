import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./blocks.ts";
import { table } from "../../../src/domain/markdown.ts";

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
}

/** A package that runs with ours. */
export interface Shipped {
  /** Below node_modules: `ajv`, `@aws-sdk/client-ec2`. */
  readonly path: string;
  readonly version: string;
  /** By its own word, in SPDX's names. */
  readonly licence: string;
}

/** What `npm install --omit=dev` puts beside ours, as the lock file has it. */
export function shipped(): readonly Shipped[] {
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== "" && dev !== true)
    .map(([path, { version = "", license = "none named" }]) => ({
      path: path.replace(/^node_modules\//, ""),
      version,
      licence: license,
    }));
}

/** The same as a table of Markdown. */
export function licencesTable(): string {
  const rows = shipped().map(({ path, version, licence }) => [`\`${path}\``, version, licence]);
  return `${table(["package", "version", "licence"], rows).join("\n")}\n`;
}
