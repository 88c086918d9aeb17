import { readSchema } from "../../schema.ts";

/** The schemas of what is answered; the command line's `--json` has the same. */
const ANSWERED = ["image", "compose", "queue", "queue-stats", "event"] as const;

interface Described {
  readonly components: object;
}

/** `schemas/openapi.json` with the schemas that it refers to, whole (OpenAPI 3.1). */
export function openApi(): object {
  const described = readSchema("openapi.json") as Described;
  const schemas = Object.fromEntries(ANSWERED.map((name) => [name, readSchema(`${name}.json`)]));
  return { ...described, components: { ...described.components, schemas } };
}
