import { CONFIG, textOf, withRecords, type Command } from "../command/command.ts";
import { jsonLine } from "../terminal/show.ts";
import { renderDay } from "../../domain/report/report.ts";
import { dayOf, formatInstant, isCalendarDate } from "../../domain/time.ts";
import { quote } from "../../domain/words.ts";
import { UsageError } from "../../errors.ts";
import { readDay, type DayEntry } from "../../tell/day.ts";
import { replacementsOf } from "../../tell/post.ts";
import { tellingJson } from "../../inspect/json.ts";

export const report: Command = {
  summary: "print the report of any day from the events, without posting it",
  positionals: "",
  options: {
    config: CONFIG,
    date: { type: "string", help: "the UTC day, such as 2026-11-24 (else today)" },
    json: { type: "boolean", help: "print one JSON line for each entry, in the order of the events" },
  },
  examples: ["clean-amis report", "clean-amis report --date 2026-11-24 --json"],
  run: async (invocation) => {
    const date = textOf(invocation, "date");
    if (date !== undefined && !(/^\d{4}-\d{2}-\d{2}$/.test(date) && isCalendarDate(date.replaceAll("-", ""))))
      throw new UsageError(`report: --date ${quote(date)}: a day such as 2026-11-24`);
    return withRecords(invocation, async (records, { periods, policy, report: { title } }) => {
      const day = date ?? dayOf(records.now());
      const entries = await readDay(day, records);
      if (invocation.options["json"] === true)
        for (const entry of entries) await invocation.print(jsonLine(entryJson(day, entry)));
      else {
        const deadlines = new Map(entries.map(({ event, deleteAt }) => [event, deleteAt]));
        const notBefore = (event: DayEntry["event"]): number | null => deadlines.get(event) ?? null;
        const events = entries.map(({ event }) => event);
        const { schedule } = records;
        const replacements = await replacementsOf(events, records.now(), { schedule, policy });
        const replacement = (event: DayEntry["event"]) => replacements.get(event) ?? null;
        const { deleteAfterMs } = periods;
        await invocation.print(renderDay(day, events, { deleteAfterMs, notBefore, replacement }, title));
      }
      return 0;
    });
  },
};

function entryJson(day: string, { section, event, deleteAt }: DayEntry): object {
  const when = formatInstant(event.at);
  return { day, section, when, ...tellingJson(event), delete_at: deleteAt === null ? null : formatInstant(deleteAt) };
}
