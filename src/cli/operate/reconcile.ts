import { CONFIG, configOf, textOf, type Command } from "../command/command.ts";
import { checkRegion, strangerText } from "../command/regions.ts";
import { jsonLine, plain } from "../terminal/show.ts";
import { REGION_NAMES } from "../../domain/image/regions.ts";
import { reconcile } from "../../operate/reconcile.ts";
import type { Told } from "../../operate/told.ts";

export const reconcileCommand: Command = {
  summary: "EC2 and Redis against each other, a line for each thing that differs; exit 0: nothing differs, 1: else",
  positionals: "",
  options: {
    config: CONFIG,
    apply: {
      type: "boolean",
      help: "give a record to what EC2 shows with our tags and Redis lost, or the old script left; nothing in EC2 changes",
    },
    region: {
      type: "string",
      help: "this region alone (else those in Redis, and those that the account has opted into)",
      values: REGION_NAMES,
    },
    json: { type: "boolean", help: "print JSON lines, and the counts as the last" },
  },
  examples: ["clean-amis reconcile", "clean-amis reconcile --apply --region us-east-1 --json"],
  run: async (invocation) => {
    const { options, print } = invocation;
    const region = textOf(invocation, "region");
    if (region !== undefined) checkRegion("reconcile: --region", region);
    const { openReconcile } = await import("../../app/reconcile.ts");
    const opened = await openReconcile(configOf(invocation, ["ec2"]));
    const counts = new Map<string, number>();
    const isJson = options["json"] === true;
    let remaining = 0;
    const tell = async (told: Told): Promise<void> => {
      counts.set(told.kind, (counts.get(told.kind) ?? 0) + 1);
      if (told.kind === "failed" || !told.isMended) remaining += 1;
      await print(isJson ? jsonOf(told) : lineOf(told));
    };
    try {
      // A region that AWS opened yesterday may have nothing of ours yet.
      const hint = region === undefined ? null : strangerText(region, await opened.schedule.regions());
      if (hint !== null) invocation.warn(`--region ${hint}`);
      const wanted = region === undefined ? null : [region];
      const regions = await reconcile(wanted, { ...opened, isApplied: options["apply"] === true }, tell);
      const summary = { regions: regions.length, remaining, found: Object.fromEntries([...counts].sort()) };
      await print(isJson ? jsonLine(summary) : summaryOf(summary));
      return remaining === 0 ? 0 : 1;
    } finally {
      await opened.close();
    }
  },
};

function lineOf(told: Told): string {
  if (told.kind === "failed") return plain(`${told.region} not read to its end: ${told.what}; run it again`).trim();
  const { region, amiId, kind, what, remedy, isMended } = told;
  return plain(`${region} ${amiId} ${kind}: ${what}; ${isMended ? "done: " : ""}${remedy}`);
}

function jsonOf(told: Told): string {
  if (told.kind === "failed") return jsonLine(told);
  const { region, amiId, kind, what, remedy, isMended } = told;
  return jsonLine({ region, ami: amiId, kind, what, remedy, mended: isMended });
}

function summaryOf(summary: {
  readonly regions: number;
  readonly remaining: number;
  readonly found: Readonly<Record<string, number>>;
}): string {
  const found = Object.entries(summary.found).map(([kind, count]) => `${count} ${kind}`);
  const head = found.length === 0 ? "nothing differs" : `${found.join(", ")}; ${summary.remaining} remain`;
  return `${head}, in ${summary.regions} region${summary.regions === 1 ? "" : "s"}`;
}
