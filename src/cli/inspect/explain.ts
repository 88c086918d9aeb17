import { CONFIG, onlyWord, withRecords, type Command, type Invocation } from "../command/command.ts";
import { composeText, imageText } from "./explain-text.ts";
import { jsonLine } from "../terminal/show.ts";
import { describeDecision } from "../../domain/compose/classify.ts";
import { isKeySafeComposeId } from "../../domain/compose/compose.ts";
import { isAmiId } from "../../domain/image/image.ts";
import type { Instant } from "../../domain/time.ts";
import { quote } from "../../domain/words.ts";
import { NotFoundError, UsageError } from "../../errors.ts";
import { explainAmi, explainCompose, type Explainer } from "../../inspect/explain.ts";
import { composeJson, imageJson } from "../../inspect/json.ts";

export const explain: Command = {
  summary: "which rule, when private, when deleted, and what happened; also after deletion",
  positionals: "AMI|COMPOSE",
  options: { config: CONFIG, json: { type: "boolean", help: "print one JSON line for the compose, or for the AMI" } },
  examples: ["clean-amis explain ami-0a1a3731a749a16db", "clean-amis explain Fedora-Rawhide-20260122.n.0 --json"],
  run: async (invocation) => {
    const subject = onlyWord(invocation, "explain: give one AMI or one COMPOSE");
    const isAmi = /^ami-/i.test(subject);
    if (isAmi ? !isAmiId(subject) : !isKeySafeComposeId(subject))
      throw new UsageError(
        `explain: ${quote(subject)} is neither an AMI id (ami- and 8 or 17 hexadecimal digits) nor a compose id`,
      );
    return withRecords(invocation, (records, { policy }) => {
      const tell = isAmi ? tellAmi : tellCompose;
      return tell(subject, { ...records, policy }, records.now(), invocation);
    });
  },
};

async function tellAmi(amiId: string, explainer: Explainer, now: Instant, invocation: Invocation): Promise<number> {
  const found = await explainAmi(amiId, explainer);
  const isJson = invocation.options["json"] === true;
  if (found.length > 0)
    await invocation.print(
      isJson
        ? found.map((each) => jsonLine(imageJson(each))).join("\n")
        : found.map((each) => imageText(each, now)).join("\n\n"),
    );
  else if (isJson) await invocation.print(jsonLine({ ami: amiId, known: false }));
  else
    throw new NotFoundError(
      `${amiId} is not known in any region: no message has named it, or it was deleted more than 400 days ago`,
    );
  return found.length > 0 ? 0 : 1;
}

async function tellCompose(
  composeId: string,
  explainer: Explainer,
  now: Instant,
  { options, print }: Invocation,
): Promise<number> {
  const found = await explainCompose(composeId, explainer);
  const { compose, isKnown } = found;
  if (options["json"] === true) await print(jsonLine(composeJson(composeId, found)));
  else if (isKnown) await print(composeText(found, now));
  else
    throw new NotFoundError(
      `${composeId} is not known: no message has named it; its id alone says ${describeDecision(compose.decision)}`,
    );
  return isKnown ? 0 : 1;
}
