import { openApp } from "../app.ts";
import { describePlan } from "../domain/plan.ts";
import { UsageError } from "../errors.ts";
import { hearOnce } from "../hear.ts";
import { reportOnce } from "../notify.ts";
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
    "dry-run": { type: "boolean", help: "print what would be done, and change nothing" },
  },
  examples: ["clean-amis tick --once --dry-run", "clean-amis tick --once --config /etc/clean-amis/config.toml"],
  run: async (invocation) => {
    const { options, print } = invocation;
    if (options["once"] !== true)
      throw new UsageError("tick: give --once for one pass; the service that never ends is consume");
    const config = configOf(invocation);
    const app = await openApp(config, config.logLevel === "info" ? "warn" : config.logLevel);
    try {
      if (options["dry-run"] === true || config.act === "nothing") {
        for (const region of await app.tick.schedule.regions())
          for (const planned of await planRegion(region, app.tick)) await print(describePlan(planned));
        return 0;
      }
      if (app.hear !== null) await hearOnce(app.hear);
      for (const region of await app.tick.schedule.regions()) {
        await resolveRegion(region, app.tick);
        await print(`${region}: ${JSON.stringify(await tickRegion(region, app.tick))}`);
      }
      await print(`report: ${JSON.stringify(await reportOnce(app.notify))}`);
      return 0;
    } finally {
      await app.close();
    }
  },
};
