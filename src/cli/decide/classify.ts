import { onlyWord, textOf, type Command, type Invocation } from "../command/command.ts";
import { linesOf, type Line } from "../command/lines.ts";
import { jsonLine, plain } from "../terminal/show.ts";
import { policyIn } from "../../config/config.ts";
import {
  classify,
  DEFAULT_POLICY,
  describeDecision,
  type Decision,
  type Policy,
} from "../../domain/compose/classify.ts";
import { addFact, noFacts } from "../../domain/compose/facts.ts";
import { nameMismatch } from "../../domain/plan/name.ts";
import { quote } from "../../domain/words.ts";
import { UsageError } from "../../errors.ts";
import { decisionJson } from "../../inspect/json.ts";

/** What somebody says of a compose. An absent property: not known; a null label: known to have none. */
interface Question {
  readonly compose_id: string;
  readonly type?: string;
  readonly label?: string | null;
  readonly released?: boolean;
  /** An image's name in EC2, of which it is asked whether it is one of the compose's. */
  readonly name?: string;
}

/** A question is a line of a few hundred bytes; what is longer is no question. */
const LONGEST_LINE = 1024 * 1024;

export const classifyCommand: Command = {
  summary: "the decision on a compose, by what you know of it; asks no server",
  positionals: "COMPOSE",
  options: {
    type: {
      type: "string",
      help: "its type: production, nightly, test, ci, development",
      values: ["production", "nightly", "test", "ci", "development"],
    },
    label: { type: "string", help: "its label, such as RC-1.2" },
    "no-label": { type: "boolean", help: "it is known to have no label" },
    released: { type: "boolean", help: "it was announced as a released two-week compose" },
    name: { type: "string", help: "an image's name in EC2: ok, or why the image would be left alone for it" },
    policy: {
      type: "string",
      help: "configuration file whose policy counts (else the policy as shipped)",
      values: "file",
    },
    json: { type: "boolean", help: "print JSON" },
    stdin: { type: "boolean", help: "answer JSON lines {compose_id, type?, label?, released?, name?}, one each" },
  },
  examples: [
    "clean-amis classify Fedora-Cloud-43-20260305.0 --label RC-20260305.0 --name Fedora-Cloud-Base-AmazonEC2.x86_64-43-20260305.0",
    `echo '{"compose_id": "Fedora-Rawhide-20260122.n.0"}' | clean-amis classify --stdin`,
  ],
  run: async (invocation) => {
    const { options, print } = invocation;
    const file = textOf(invocation, "policy");
    const policy = file === undefined ? DEFAULT_POLICY : policyIn(file);
    if (options["stdin"] === true) return answerLines(invocation, policy);
    const composeId = onlyWord(invocation, "classify: give one COMPOSE, or --stdin");
    const question = questionOf(composeId, options);
    if (options["json"] === true) await print(jsonLine(answerTo(question, policy)));
    else await print(answerText(question, policy).map(plain).join("\n"));
    return 0;
  },
};

function questionOf(composeId: string, options: Invocation["options"]): Question {
  const { type, label, released, name } = options;
  if (label !== undefined && options["no-label"] === true)
    throw new UsageError("classify: --label and --no-label contradict each other");
  return {
    compose_id: composeId,
    ...(typeof type === "string" ? { type } : {}),
    ...(typeof label === "string" ? { label } : options["no-label"] === true ? { label: null } : {}),
    ...(released === true ? { released } : {}),
    ...(typeof name === "string" ? { name } : {}),
  };
}

function answerTo(question: Question, policy: Policy): object {
  const { compose_id: composeId, name } = question;
  const ofName = name === undefined ? {} : { name: nameMismatch(name, composeId, null) ?? "ok" };
  return { compose_id: composeId, ...decisionJson(decide(question, policy)), ...ofName };
}

function answerText(question: Question, policy: Policy): readonly string[] {
  const { compose_id: composeId, name } = question;
  const decision = `${composeId}: ${describeDecision(decide(question, policy))}`;
  if (name === undefined) return [decision];
  const mismatch = nameMismatch(name, composeId, null);
  return [decision, `name: ${mismatch === null ? "ok" : `the image would be left alone: ${mismatch}`}`];
}

function decide({ compose_id: composeId, type, label, released }: Question, policy: Policy): Decision {
  const fact = {
    composeId,
    source: "operator" as const,
    at: 0,
    by: "operator",
    ...(type === undefined ? {} : { type }),
    ...(label === undefined ? {} : { label: label === "" ? null : label }),
    ...(released === true ? { released } : {}),
  };
  return classify(addFact(noFacts(composeId), fact), policy);
}

async function answerLines({ openInput, print, positionals, options }: Invocation, policy: Policy): Promise<number> {
  if (positionals.length > 0) throw new UsageError("classify: give a COMPOSE or --stdin, not both");
  const idle = ["type", "label", "no-label", "released", "name"].find((name) => options[name] !== undefined);
  if (idle !== undefined)
    throw new UsageError(`classify: --${idle} goes with a COMPOSE; with --stdin each line says it`);
  for await (const lines of linesOf(openInput(), LONGEST_LINE))
    await print(lines.map((line) => jsonLine(answerToLine(line, policy))).join("\n"));
  return 0;
}

function answerToLine(line: Line, policy: Policy): object {
  const question = line.text === null ? line.reason : parseQuestion(line.text);
  if (typeof question === "string")
    return { compose_id: null, decision: "keep", rule: "malformed", reason: `line ${line.number}: ${question}` };
  return answerTo(question, policy);
}

/** The question in a line, or why there is none. */
function parseQuestion(line: string): Question | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return `not JSON: ${quote(line)}`;
    throw error;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "not a JSON object";
  const { compose_id: composeId, type, label, released, name } = value as Record<string, unknown>;
  if (typeof composeId !== "string") return "compose_id is not a string";
  if (type !== undefined && typeof type !== "string") return "type is not a string";
  if (label !== undefined && label !== null && typeof label !== "string") return "label is neither a string nor null";
  if (released !== undefined && typeof released !== "boolean") return "released is not true or false";
  if (name !== undefined && typeof name !== "string") return "name is not a string";
  return {
    compose_id: composeId,
    ...(type === undefined ? {} : { type }),
    ...(label === undefined ? {} : { label }),
    ...(released === undefined ? {} : { released }),
    ...(name === undefined ? {} : { name }),
  };
}
