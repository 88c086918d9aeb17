import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Ajv2020, ErrorObject, Options, ValidateFunction } from "ajv/dist/2020.js";

const require = createRequire(import.meta.url);

/** A schema of `schemas/`, loaded and compiled when it is first used: ajv alone takes longer than a whole `--help`. */
export class Schema<T> {
  readonly #file: string;
  readonly #options: Options;
  #compiled: ValidateFunction<T> | null = null;

  constructor(file: string, options: Options) {
    this.#file = file;
    this.#options = options;
  }

  /** Whether the value is of this schema; with `useDefaults` it is filled in where it stands. */
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
    if (this.#compiled !== null) return this.#compiled;
    const { Ajv2020: Ajv } = require("ajv/dist/2020.js") as { Ajv2020: typeof Ajv2020 };
    // Whether our schemas are schemas, a test asks: at each start that would take as long as all the rest.
    const options = { ...this.#options, validateSchema: false };
    return (this.#compiled = new Ajv(options).compile<T>(readSchema(this.#file)));
  }
}

/** The schema itself, as it stands in `schemas/`. */
export function readSchema(file: string): object {
  return JSON.parse(readFileSync(new URL(`../schemas/${file}`, import.meta.url), "utf8")) as object;
}
