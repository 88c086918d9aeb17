import { planRegion } from "../../act/survey.ts";
import { tickRegion } from "../../act/tick.ts";
import type { App } from "../../app/service.ts";
import { CONFIG, configOf, type Command, type Invocation } from "../command/command.ts";
import { resolveRegion } from "../../decide/resolve.ts";
import { describeTrouble, standingOf } from "../../domain/limits/breaker.ts";
import { describePlan } from "../../domain/plan/plan.ts";
import { formatInstant } from "../../domain/time.ts";
import { describeError, RefusedError, UpstreamError, UsageError } from "../../errors.ts";
import { hearOnce } from "../../hear/catch-up.ts";
import { readObjectionsOrTell } from "../../operate/comments.ts";
import { carryOutRequests } from "../../operate/orders.ts";
import { reportOnce } from "../../tell/report.ts";

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
    const { openApp } = await import("../../app/open.ts");
    const app = await openApp(config, config.logLevel === "info" ? "warn" : config.logLevel);
    try {
      if (options["dry-run"] === true || config.act === "nothing")
        return await inEveryRegion(app, print, async (region) => {
          const plans = await planRegion(region, { ...app.tick, images: app.ec2 });
          const wanted = plans.filter(({ plan }) => only === null || plan.do === ACT_OF[only]);
          return wanted.map((each) =>
            options["plain"] === true ? `${region} ${each.image.amiId}` : describePlan(each),
          );
        });
      await carryOutRequests(app.requests);
      if (app.hear !== null) await hearOnce(app.hear);
      if (app.objections !== null) await readObjectionsOrTell(app.objections);
      const troubled: string[] = [];
      const code = await inEveryRegion(app, print, async (region) => {
        await resolveRegion(region, app.tick);
        const counts = await tickRegion(region, app.tick, only);
        if (counts["given-back"] !== undefined) troubled.push(region);
        return [`${region}: ${JSON.stringify(counts)}`];
      });
      await print(`report: ${JSON.stringify(await reportOnce(app.notify))}`);
      return (await tellTroubles(app, print, troubled)) ? 1 : code;
    } finally {
      await app.close();
    }
  },
};

/** Works in all regions side by side and prints their lines in order; 1 when a region failed, which ends no other one's work. */
async function inEveryRegion(
  app: Pick<App, "tick">,
  print: Invocation["print"],
  work: (region: string) => Promise<readonly string[]>,
): Promise<0 | 1> {
  const regions = await app.tick.schedule.regions();
  const ended = await Promise.allSettled(regions.map(work));
  let code: 0 | 1 = 0;
  for (const [index, result] of ended.entries()) {
    if (result.status === "fulfilled") for (const line of result.value) await print(line);
    else {
      if (!(result.reason instanceof UpstreamError || result.reason instanceof RefusedError)) throw result.reason;
      await print(`${regions[index] ?? ""}: not done: ${describeError(result.reason)}`);
      code = 1;
    }
  }
  return code;
}

/** A line for each region in which EC2 failed, or is not asked for now; resolves to whether one fails, as against being shut. */
async function tellTroubles(
  { breakers, tick: { clock } }: Pick<App, "breakers" | "tick">,
  print: Invocation["print"],
  troubled: readonly string[],
): Promise<boolean> {
  const all = await breakers.all();
  const open = [...all].filter(([, breaker]) => standingOf(breaker, clock.now()) === "open");
  for (const [region, breaker] of open)
    await print(`${region}: not asked before ${formatInstant(breaker.askAgainAt)}: ${describeTrouble(breaker)}`);
  const fresh = troubled.filter((region) => !open.some(([name]) => name === region));
  for (const region of fresh) await print(`${region}: EC2 failed there: what was given back is due again`);
  return fresh.length > 0 || open.some(([, { trouble }]) => trouble === "failing");
}

const ACT_OF = { private: "make-private", delete: "delete" } as const;

function onlyOf(option: string | boolean | undefined): keyof typeof ACT_OF | null {
  if (option === undefined) return null;
  if (option !== "private" && option !== "delete")
    throw new UsageError(`tick: --only ${JSON.stringify(option)}: private or delete`);
  return option;
}
