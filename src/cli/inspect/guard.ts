import { CONFIG, onlyWord, withRecords, type Command } from "../command/command.ts";
import { exitCode } from "../command/exit-codes.ts";
import { checkKnown } from "../command/regions.ts";
import { countOf, REGION, regionsOf } from "../command/words.ts";
import { jsonLine } from "../terminal/show.ts";
import { Table, type Column } from "../terminal/table.ts";
import { utc } from "../terminal/when.ts";
import { listReleased, releasedJson, type Released } from "../../inspect/released.ts";

const COLUMNS: readonly Column[] = [
  { name: "REGION", least: 14, most: 14, rank: 2 },
  { name: "AMI", least: 21, most: 21, rank: 0 },
  { name: "COMPOSE", least: 27, most: 34, rank: 4 },
  { name: "RULE", least: 4, most: 17, rank: 3 },
  { name: "LOOKED AT (UTC)", least: 20, most: 20, rank: 5 },
  { name: "STANDS", least: 12, most: 200, rank: 1, isWhole: true },
];

export const guard: Command = {
  summary: "the released images that the service knows, and how they stood when they were looked at last",
  positionals: "[list]",
  options: {
    config: CONFIG,
    region: REGION,
    altered: { type: "boolean", help: "those alone that are not as they should be" },
    limit: { type: "string", help: "so many lines at the most" },
    json: { type: "boolean", help: "JSON lines: schemas/guard.json" },
  },
  examples: ["clean-amis guard list", "clean-amis guard list --altered --json"],
  run: async (invocation) => {
    if (invocation.positionals.length > 0) onlyWord(invocation, "guard: list is all that it takes");
    const { options, print, warn, screen, stop } = invocation;
    const regions = regionsOf("guard", invocation);
    const limit = countOf("guard", "limit", Infinity, invocation);
    return withRecords(invocation, async (records, config) => {
      await checkKnown("guard: --region", regions, records.queues);
      if (config.guard === null) warn("guard.on = false: nobody looks at them; what stands here was found before");
      const table = new Table(COLUMNS, screen());
      const isJson = options["json"] === true;
      const line = ({ image, lookedAt, isAltered, stands }: Released): string => {
        const { region, amiId, composeId, rule } = image;
        const state = isAltered ? ({ text: stands, style: "red" } as const) : stands;
        return table.row([region, amiId, composeId, rule ?? "", utc(lookedAt), state]);
      };
      let [count, problems] = [0, 0];
      const tell = (problem: string): void => {
        problems += 1;
        warn(problem);
      };
      for await (const piece of listReleased(regions, records, tell)) {
        stop.throwIfAborted();
        const found = options["altered"] === true ? piece.filter(({ isAltered }) => isAltered) : piece;
        const wanted = found.slice(0, limit - count);
        if (wanted.length === 0) continue;
        if (count === 0 && !isJson) await print(table.head());
        await print(wanted.map(isJson ? (each) => jsonLine(releasedJson(each)) : line).join("\n"));
        count += wanted.length;
        if (count === limit) break;
      }
      if (count === 0 && !isJson) await print("no released image is known that was asked for");
      return problems === 0 ? exitCode("done") : exitCode("failed");
    });
  },
};
