import { CONFIG, withRecords, type Command, type Invocation } from "../command/command.ts";
import { checkKnown } from "../command/regions.ts";
import { REGION, countOf, filterOf } from "../command/words.ts";
import { composeText, standingText } from "./explain-text.ts";
import { printList, type ListOptions } from "./queue-list.ts";
import { printStats } from "./queue-stats.ts";
import { jsonLine } from "../terminal/show.ts";
import { watch, watchOf } from "../terminal/watch.ts";
import { isKeySafeComposeId } from "../../domain/compose/compose.ts";
import { isAmiId, STAGES } from "../../domain/image/image.ts";
import { nearest, quote } from "../../domain/words.ts";
import { NotFoundError, UsageError } from "../../errors.ts";
import { explainAmi, explainCompose } from "../../inspect/explain.ts";
import { meetStrange } from "../../inspect/queue.ts";
import { waitingJson } from "../../inspect/json.ts";

const VERBS = ["list", "show", "stats"] as const;

export const queue: Command = {
  summary: "what is due where and when, the next first; one image's standing; figures of the whole",
  positionals: "[list | show AMI|COMPOSE | stats]",
  options: {
    config: CONFIG,
    region: REGION,
    stage: {
      type: "string",
      help: "these stages alone, such as held,private; kept and untold ones come last",
      isList: true,
      values: STAGES.filter((stage) => stage !== "deleted" && stage !== "gone"),
    },
    compose: { type: "string", help: "the images of this compose alone" },
    "due-within": { type: "string", help: "what wakes up within 2d, and what is overdue" },
    until: { type: "string", help: "what wakes up until a day is over (2026-12-24), or an instant" },
    held: { type: "boolean", help: "what a person or the ticker holds" },
    refused: { type: "boolean", help: "what is due and refused, with what cures it" },
    limit: { type: "string", help: "so many lines at the most" },
    watch: {
      type: "string",
      help: "draw it anew, every 5 seconds or so many, until Ctrl-C",
      bare: "5",
      value: "SECONDS",
    },
    json: { type: "boolean", help: "JSON lines: schemas/queue.json, and schemas/queue-stats.json for stats" },
    plain: { type: "boolean", help: "bare lines of region and ami-id, for diffs" },
  },
  examples: ["clean-amis queue --due-within 2d --region us-east-1", "clean-amis queue stats"],
  run: async (invocation) => {
    const [verb = "list", ...words] = invocation.positionals;
    switch (verb) {
      case "list":
        onlyWords(words, 0, "queue list: give no further words");
        return list(invocation);
      case "show":
        onlyWords(words, 1, "queue show: give one AMI or one COMPOSE");
        return show(words[0] ?? "", invocation);
      case "stats":
        onlyWords(words, 0, "queue stats: give no further words");
        return stats(invocation);
      default: {
        const guess = isAmiId(verb) ? `show ${verb}` : nearest(verb, VERBS);
        const hint = guess === null ? "list, show or stats" : `did you mean queue ${guess}?`;
        throw new UsageError(`queue: ${quote(verb)}: ${hint}`);
      }
    }
  },
};

function onlyWords(words: readonly string[], count: number, usage: string): void {
  if (words.length !== count) throw new UsageError(usage);
}

async function list(invocation: Invocation): Promise<number> {
  const { options } = invocation;
  if (options["json"] === true && options["plain"] === true) throw new UsageError("queue: --json or --plain, not both");
  const format = options["json"] === true ? "json" : options["plain"] === true ? "plain" : "table";
  const limit = countOf("queue", "limit", Infinity, invocation);
  filterOf(invocation, 0);
  const seconds = watchOf(invocation, "queue");
  return withRecords(invocation, async (records) => {
    await checkKnown("queue: --region", filterOf(invocation, 0).regions, records.queues);
    const asked = (lines: number): ListOptions => ({
      filter: filterOf(invocation, records.now()),
      format,
      limit: lines,
    });
    if (seconds === null) {
      const code = await printList(asked(limit), records, invocation);
      if (options["refused"] === true) await meetStrange(records);
      return code;
    }
    return watch("clean-amis queue", seconds, invocation, (lines, picture) =>
      printList(asked(Math.min(limit, lines)), records, picture),
    );
  });
}

async function stats(invocation: Invocation): Promise<number> {
  const isJson = invocation.options["json"] === true;
  const seconds = watchOf(invocation, "queue stats");
  return withRecords(invocation, (records, config) => {
    if (seconds === null) return printStats(records, config, isJson, invocation);
    return watch("clean-amis queue stats", seconds, invocation, (_, picture) =>
      printStats(records, config, false, picture),
    );
  });
}

/** An image's or a compose's standing, in a few lines. */
async function show(subject: string, invocation: Invocation): Promise<number> {
  const isAmi = /^ami-/i.test(subject);
  if (isAmi ? !isAmiId(subject) : !isKeySafeComposeId(subject))
    throw new UsageError(`queue show: ${quote(subject)} is neither an AMI id nor a compose id`);
  const { options, print } = invocation;
  return withRecords(invocation, async (records, { policy }) => {
    const [explainer, now] = [{ ...records, policy }, records.now()];
    const images = isAmi ? await explainAmi(subject, explainer) : [];
    const compose = isAmi ? null : await explainCompose(subject, explainer);
    const standings = compose?.standings ?? images;
    if (standings.length === 0)
      throw new NotFoundError(`${subject} is not known in any region: no message has named it`);
    if (options["json"] === true) for (const each of standings) await print(jsonLine(waitingJson(each)));
    else if (compose !== null) await print(composeText(compose, now, false));
    else
      await print(images.map((each) => standingText(each, now, invocation.screen()?.columns).join("\n")).join("\n\n"));
    return 0;
  });
}
