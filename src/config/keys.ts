import { tomlValue } from "./values.ts";
import { readSchema } from "../schema.ts";

/** A key of `[consumer_config]`, in the words of its schema. */
export interface ConfigKey {
  /** Below `consumer_config`: `schedule.private_after`. */
  readonly key: string;
  /** As TOML writes it. */
  readonly standard: string;
  readonly meaning: string;
}

interface SchemaNode {
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

/** Every key of ours, in the order of the schema. */
export function configKeys(): readonly ConfigKey[] {
  const root = readSchema("config.json") as SchemaNode;
  return keysBelow(root.properties?.["consumer_config"] ?? {}, []);
}

function keysBelow({ properties = {} }: SchemaNode, path: readonly string[]): readonly ConfigKey[] {
  return Object.entries(properties).flatMap(([name, node]) => {
    const here = [...path, name];
    if (node.properties !== undefined) return keysBelow(node, here);
    return [{ key: here.join("."), standard: tomlValue(node.default), meaning: node.description ?? "" }];
  });
}

/** The table of keys of docs/configuration.md, as the formatter leaves it: `npm run docs` puts it there. */
export function keysTable(): string {
  const rows = configKeys().map(({ key, standard, meaning }) => [`\`${key}\``, `\`${standard}\``, meaning]);
  return markdownTable([["key in `[consumer_config]`", "default", "meaning"], ...rows]);
}

/** Characters, not UTF-16's units. */
function lengthOf(text = ""): number {
  return Array.from(text).length;
}

/** A table whose first row is its head; its columns are as wide as their widest cell. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => lengthOf(row[column]))));
  const line = (row: readonly string[], pad = " "): string =>
    `| ${row.map((cell, column) => cell + pad.repeat((widths[column] ?? 0) - lengthOf(cell))).join(" | ")} |`;
  const [head = [], ...body] = cells;
  return [
    line(head),
    line(
      widths.map(() => ""),
      "-",
    ),
    ...body.map((row) => line(row)),
  ].join("\n");
}
