import { NO_IMAGE, planPass, runPass, tellDeafness } from "../../app/pass.ts";
import type { App } from "../../app/service.ts";
import { CONFIG, configOf, type Command, type Invocation } from "../command/command.ts";
import type { ActKind } from "../../domain/limits/budget.ts";
import { describePlan, type Planned } from "../../domain/plan/describe.ts";
import { UsageError } from "../../errors.ts";

export const tick: Command = {
  summary: "one pass over what is due, and its report; for cron",
  positionals: "",
  options: {
    config: CONFIG,
    once: { type: "boolean", help: "required: says that this is one pass, not the service" },
    only: {
      type: "string",
      help: "private or delete: that kind of act alone, within what the configuration allows",
      values: ["private", "delete"],
    },
    "dry-run": { type: "boolean", help: "print what would be done, and change nothing" },
    plain: { type: "boolean", help: "with --dry-run: bare lines of region and ami-id, for diffs" },
  },
  examples: ["clean-amis tick --once --dry-run", "clean-amis tick --once --config /etc/clean-amis/config.toml"],
  run: async (invocation) => {
    const { options, print } = invocation;
    if (options["once"] !== true)
      throw new UsageError("tick: give --once for one pass; the service that never ends is consume");
    const only = onlyOf(options["only"]);
    const config = configOf(invocation, ["ec2", "reports"]);
    const { openApp } = await import("../../app/open.ts");
    const app = await openApp(config, config.logLevel === "info" ? "warn" : config.logLevel);
    try {
      const isDry = options["dry-run"] === true || config.act === "nothing";
      return (isDry ? await tellPlan(app, only, invocation) : await runPass(app, only, print)) ? 0 : 1;
    } finally {
      await app.close();
    }
  },
};

/** A line for each image that something would be done with; where there is none, a line that says so, beside a plain list. */
async function tellPlan(app: App, only: ActKind | null, { options, print, warn }: Invocation): Promise<boolean> {
  const isPlain = options["plain"] === true;
  let told = 0;
  const tell = async (planned: Planned): Promise<void> => {
    told += 1;
    const { region, amiId } = planned.image;
    await print(isPlain ? `${region} ${amiId}` : describePlan(planned));
  };
  const aside = (line: string): Promise<void> => {
    warn(line);
    return Promise.resolve();
  };
  const say = isPlain ? aside : print;
  const isDone = await planPass(app, only, tell, print);
  await tellDeafness(app, say);
  if (told > 0 || !isDone) return isDone;
  await say((await app.tick.schedule.regions()).length === 0 ? NO_IMAGE : "nothing is due");
  return isDone;
}

function onlyOf(option: string | boolean | undefined): ActKind | null {
  if (option === undefined) return null;
  if (option !== "private" && option !== "delete")
    throw new UsageError(`tick: --only ${JSON.stringify(option)}: private or delete`);
  return option;
}
