import { Ec2Error, invalidValue, missingParameter } from "./errors.ts";

/** One call's parameters by their dotted names: `Filter.1.Value.2` (Query-Requests, "Query parameters"). */
export class Parameters {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /** Reads a form; a name that comes twice is refused. */
  static parse(form: string): Parameters {
    const values = new Map<string, string>();
    for (const [name, value] of new URLSearchParams(form)) {
      if (values.has(name))
        throw new Ec2Error("InvalidQueryParameter", `The parameter ${name} was given more than once.`);
      values.set(name, value);
    }
    return new Parameters(values);
  }

  toObject(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#values);
  }

  /** The same without these names. */
  without(...names: readonly string[]): Parameters {
    return new Parameters(new Map([...this.#values].filter(([name]) => !names.includes(name))));
  }

  /** Refuses each name that fits none of the patterns; `#` stands for an index from 1. */
  allowOnly(patterns: readonly string[]): void {
    for (const name of this.#values.keys()) {
      const pattern = name
        .split(".")
        .map((part) => (/^[1-9]\d*$/.test(part) ? "#" : part))
        .join(".");
      if (!patterns.includes(pattern))
        throw new Ec2Error("UnknownParameter", `The parameter ${name} is not recognized`);
    }
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | null {
    return this.#values.get(name) ?? null;
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === null || value === "") throw missingParameter(name);
    return value;
  }

  /** False when left out. */
  flag(name: string): boolean {
    const value = this.text(name) ?? "false";
    if (value !== "true" && value !== "false") throw invalidValue(name, value, "Expected a boolean.");
    return value === "true";
  }

  whole(name: string): number | null {
    const value = this.text(name);
    if (value === null) return null;
    if (!/^\d{1,9}$/.test(value)) throw invalidValue(name, value, "Expected an integer.");
    return Number(value);
  }

  oneOf<Word extends string>(name: string, words: readonly Word[]): Word | null {
    const value = this.text(name);
    if (value === null) return null;
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) throw invalidValue(name, value, `Expected one of ${words.join(", ")}.`);
    return word;
  }

  /** The values `NAME.1`, `NAME.2`, … in the order of their indexes. */
  list(name: string): readonly string[] {
    return this.#indexes(name).flatMap((index) => this.text(`${name}.${index}`) ?? []);
  }

  /** The structures `NAME.1.…`, `NAME.2.…`, each with its own part of the names. */
  structures(name: string): readonly Parameters[] {
    return this.#indexes(name).map((index) => {
      const prefix = `${name}.${index}.`;
      const own = [...this.#values].filter(([key]) => key.startsWith(prefix));
      return new Parameters(new Map(own.map(([key, value]) => [key.slice(prefix.length), value])));
    });
  }

  #indexes(name: string): readonly number[] {
    const prefix = `${name}.`;
    const indexes = [...this.#values.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => Number.parseInt(key.slice(prefix.length), 10))
      .filter((index) => !Number.isNaN(index));
    return [...new Set(indexes)].sort((one, other) => one - other);
  }
}

/** `ami-` and 8 or 17 hexadecimal digits (resource-ids). */
export function checkImageId(id: string): string {
  if (!/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id))
    throw new Ec2Error("InvalidAMIID.Malformed", `Invalid id: "${id}" (expecting "ami-...")`);
  return id;
}

/** `i-` and as many digits. */
export function checkInstanceId(id: string): string {
  if (!/^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id))
    throw new Ec2Error("InvalidInstanceID.Malformed", `Invalid id: "${id}" (expecting "i-...")`);
  return id;
}

/** EC2 distinguishes what is no snapshot id at all from one with a wrong number of digits. */
export function checkSnapshotId(id: string): string {
  if (!id.startsWith("snap-")) throw invalidValue("snapshotId", id, "Expected: 'snap-...'.");
  if (!/^snap-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id))
    throw new Ec2Error("InvalidSnapshotID.Malformed", `Invalid id: "${id}"`);
  return id;
}
