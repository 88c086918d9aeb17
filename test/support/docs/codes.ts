import { CODES } from "../../../src/adapters/ec2/codes.ts";
import { TREATMENTS } from "../../../src/adapters/ec2/treatments.ts";
import { table } from "../../../src/domain/markdown.ts";

/** What EC2's codes mean, what the service does with each and what to do, as a table of Markdown. */
export function codesTable(): string {
  const rows = CODES.map(({ codes, is, means, cure }) => [
    codes.map((code) => (code.startsWith("(") ? code : `\`${code}\``)).join(", "),
    means,
    TREATMENTS[is].does,
    cure,
  ]);
  return `${table(["code", "what it means", "what the service does", "what to do"], rows).join("\n")}\n`;
}
