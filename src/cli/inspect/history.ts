import { CONFIG, onlyWord, withRecords, type Command } from "../command/command.ts";
import { countOf, untilOf } from "../command/words.ts";
import { eventLine } from "./event-text.ts";
import { row } from "../terminal/show.ts";
import { utc } from "../terminal/when.ts";
import { isKeySafeComposeId } from "../../domain/compose/compose.ts";
import type { ImageEvent } from "../../domain/image/event.ts";
import { isAmiId } from "../../domain/image/image.ts";
import { quote } from "../../domain/words.ts";
import { NotFoundError, UsageError } from "../../errors.ts";
import { historyOfAmi, historyOfCompose } from "../../inspect/events.ts";

export const history: Command = {
  summary: "all that happened to an image, or to the images of a compose: what, when, who, why",
  positionals: "AMI|COMPOSE",
  options: {
    config: CONFIG,
    until: { type: "string", help: "up to a day's end, an instant, or a duration ago (2d)" },
    limit: { type: "string", help: "so many events at the most, the oldest first" },
    json: { type: "boolean", help: "JSON lines: schemas/event.json" },
  },
  examples: ["clean-amis history ami-0a1a3731a749a16db", "clean-amis history Fedora-Rawhide-20260122.n.0 --json"],
  run: async (invocation) => {
    const subject = onlyWord(invocation, "history: give one AMI or one COMPOSE");
    const isAmi = /^ami-/i.test(subject);
    if (isAmi ? !isAmiId(subject) : !isKeySafeComposeId(subject))
      throw new UsageError(`history: ${quote(subject)} is neither an AMI id nor a compose id`);
    const limit = countOf("history", "limit", Infinity, invocation);
    untilOf("history", 0, "ago", invocation);
    return withRecords(invocation, async (records) => {
      const until = untilOf("history", records.now(), "ago", invocation) ?? Infinity;
      const found = await (isAmi ? historyOfAmi : historyOfCompose)(subject, records);
      if (found.length === 0)
        throw new NotFoundError(
          `nothing is known to have happened to ${subject}: no message has named it, or it is more than 400 days ago`,
        );
      const isJson = invocation.options["json"] === true;
      const width = invocation.screen()?.columns;
      for (const event of found.filter(({ at }) => at < until).slice(0, limit))
        await invocation.print(isJson ? eventLine(event) : eventText(event, isAmi, width));
      return 0;
    });
  },
};

/** An event, wrapped to the screen. */
function eventText(event: ImageEvent, isAmi: boolean, width: number | undefined): string {
  const { at, what, who, why, region, amiId } = event;
  const where = isAmi ? region : `${region} ${amiId}`;
  return row(what, `${utc(at)} ${where} by ${who}${why === "" ? "" : `: ${why}`}`, width).join("\n");
}
