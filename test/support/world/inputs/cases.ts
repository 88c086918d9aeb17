import { readdirSync, readFileSync } from "node:fs";

const FOLDER = new URL("../../../fixtures/cases/", import.meta.url);

/** An input that people of this field met, with what is right and why; which other keys it has depends on what it is about. */
export interface FieldCase<Expected> {
  readonly why: string;
  readonly source: readonly string[];
  readonly expected: Expected;
}

/** The case of a number, such as `01`. */
export function fieldCase(number: string): FieldCase<unknown> {
  const file = readdirSync(FOLDER).find((name) => name.startsWith(`${number}-`));
  if (file === undefined) throw new Error(`no case ${number} in ${FOLDER.pathname}`);
  return JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as FieldCase<unknown>;
}
