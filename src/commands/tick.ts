import { describePlan } from "../domain/plan.ts";
import { UsageError } from "../errors.ts";
import { hearOnce } from "../hear.ts";
import { reportOnce } from "../notify.ts";
import { carryOutRequests } from "../requests.ts";
import { resolveRegion } from "../resolve.ts";
import { planRegion } from "../survey.ts";
import { tickRegion } from "../tick.ts";
import { CONFIG, configOf, type Command } from "./command.ts";

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
    const config = configOf(invocation);
    const { openApp } = await import("../app.ts");
    const app = await openApp(config, config.logLevel === "info" ? "warn" : config.logLevel);
    try {
      if (options["dry-run"] === true || config.act === "nothing") {
        for (const region of await app.tick.schedule.regions())
          for (const { image, plan } of await planRegion(region, app.tick))
            if (only === null || plan.do === ACT_OF[only])
              await print(options["plain"] === true ? `${region} ${image.amiId}` : describePlan({ image, plan }));
        return 0;
      }
      await carryOutRequests(app.requests);
      if (app.hear !== null) await hearOnce(app.hear);
      for (const region of await app.tick.schedule.regions()) {
        await resolveRegion(region, app.tick);
        await print(`${region}: ${JSON.stringify(await tickRegion(region, app.tick, only))}`);
      }
      await print(`report: ${JSON.stringify(await reportOnce(app.notify))}`);
      return 0;
    } finally {
      await app.close();
    }
  },
};

const ACT_OF = { private: "make-private", delete: "delete" } as const;

function onlyOf(option: string | boolean | undefined): keyof typeof ACT_OF | null {
  if (option === undefined) return null;
  if (option !== "private" && option !== "delete")
    throw new UsageError(`tick: --only ${JSON.stringify(option)}: private or delete`);
  return option;
}
