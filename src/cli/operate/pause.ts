import { CONFIG, textOf, withRecords, type Command } from "../command/command.ts";
import { byOf } from "./who.ts";
import { plain } from "../terminal/show.ts";
import { formatInstant } from "../../domain/time.ts";
import { UsageError } from "../../errors.ts";

const BY = { type: "string", help: "who asks (else the name of this account)" } as const;

export const pause: Command = {
  summary: "stops every act of every replica, at once, until resume; hearing and reporting go on",
  positionals: "",
  options: { config: CONFIG, reason: { type: "string", help: "why; whoever finds it paused wants to know" }, by: BY },
  examples: ['clean-amis pause --reason "release day"', 'clean-amis pause --reason "EC2 outage in us-east-1"'],
  run: async (invocation) => {
    const why = plain(textOf(invocation, "reason") ?? "");
    if (why === "") throw new UsageError("pause: give a --reason: whoever finds it paused wants to know");
    return withRecords(invocation, async ({ budgets, now }) => {
      const kept = await budgets.pause(byOf(invocation), why, now());
      await invocation.print("paused: nothing is made private, deleted or given back until clean-amis resume");
      if (kept === "replicated") await invocation.print("a replica of Redis has it too: it survives a failover");
      if (kept === "unconfirmed")
        await invocation.print(
          "not confirmed by a replica of Redis: after a failover look whether it still stands (clean-amis doctor), and pause again",
        );
      return 0;
    });
  },
};

export const resume: Command = {
  summary: "ends a pause, and lets acts go on that a budget stopped; the day's budget is granted once more",
  positionals: "",
  options: {
    config: CONFIG,
    only: { type: "string", help: "private or delete: lift that stop alone", values: ["private", "delete"] },
  },
  examples: ["clean-amis resume", "clean-amis resume --only delete"],
  run: async (invocation) => {
    const only = textOf(invocation, "only");
    if (only !== undefined && only !== "private" && only !== "delete")
      throw new UsageError(`resume: --only ${JSON.stringify(only)}: private or delete`);
    return withRecords(invocation, async ({ budgets, now }) => {
      const lifted = await budgets.resume(only === undefined ? ["private", "delete"] : [only], now());
      const paused = only === undefined ? await budgets.unpause() : null;
      if (paused !== null)
        await invocation.print(
          `resumed: it was paused since ${formatInstant(paused.since)} by ${paused.by}: ${paused.why}`,
        );
      for (const stop of lifted)
        await invocation.print(`resumed: ${stop.kind} was stopped since ${formatInstant(stop.since)}: ${stop.reason}`);
      if (paused === null && lifted.length === 0) await invocation.print("nothing was paused or stopped");
      return 0;
    });
  },
};
