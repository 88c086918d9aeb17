import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { ErrorObject, ValidateFunction } from "ajv/dist/2020.js";

const require = createRequire(import.meta.url);

/** A schema of `schemas/`, whose check is loaded when it is first used: the build has made it (setup/checks.mjs). */
export class Schema<T> {
  readonly #file: string;
  #loaded: ValidateFunction<T> | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  /** Whether the value is of this schema; the configuration's defaults are filled in where they stand. */
  accepts(value: unknown): value is T {
    return this.#check(value);
  }

  /** What was wrong with the value that was looked at last. */
  get errors(): readonly ErrorObject[] {
    return this.#check.errors ?? [];
  }

  /** The same in words; `name` stands for the value: `body/regions must be object`. */
  complaint(name: string): string {
    return this.errors.map(({ instancePath, message = "" }) => `${name}${instancePath} ${message}`).join(", ");
  }

  get #check(): ValidateFunction<T> {
    this.#loaded ??= require(`../schemas/${this.#file.replace(/json$/, "check.cjs")}`) as ValidateFunction<T>;
    return this.#loaded;
  }
}

/** The schema itself, as it stands in `schemas/`. */
export function readSchema(file: string): object {
  return JSON.parse(readFileSync(new URL(`../schemas/${file}`, import.meta.url), "utf8")) as object;
}
