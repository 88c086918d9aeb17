import { classify, DEFAULT_POLICY, describeDecision, type Decision, type Policy } from "../domain/classify.ts";
import { addClaim, noFacts } from "../domain/facts.ts";
import { policyIn } from "../config.ts";
import { UsageError } from "../errors.ts";
import type { Command, Invocation } from "./command.ts";
import { linesOf } from "./lines.ts";

/** What somebody says of a compose. An absent property: not known; a null label: known to have none. */
interface Question {
  readonly compose_id: string;
  readonly type?: string;
  readonly label?: string | null;
  readonly released?: boolean;
}

/** A question is a line of a few hundred bytes; what is longer is no question. */
const LONGEST_LINE = 1024 * 1024;

export const classifyCommand: Command = {
  summary: "the decision on a compose, by what you know of it; asks no server",
  positionals: "COMPOSE",
  options: {
    type: { type: "string", help: "its type: production, nightly, test, ci, development" },
    label: { type: "string", help: "its label, such as RC-1.2" },
    "no-label": { type: "boolean", help: "it is known to have no label" },
    released: { type: "boolean", help: "it was announced as a released two-week compose" },
    policy: { type: "string", help: "configuration file whose policy counts (else both switches are off)" },
    json: { type: "boolean", help: "print JSON" },
    stdin: { type: "boolean", help: "answer JSON lines {compose_id, type?, label?, released?}, one each" },
  },
  examples: [
    "clean-amis classify Fedora-Cloud-43-20260122.0 --label RC-20260122.0",
    `echo '{"compose_id": "Fedora-Rawhide-20260122.n.0"}' | clean-amis classify --stdin`,
  ],
  run: async (invocation) => {
    const { options, positionals, print } = invocation;
    const policy = typeof options["policy"] === "string" ? policyIn(options["policy"]) : DEFAULT_POLICY;
    if (options["stdin"] === true) return answerLines(invocation, policy);
    const [composeId, ...more] = positionals;
    if (composeId === undefined || more.length > 0) throw new UsageError("classify: give one COMPOSE, or --stdin");
    const decision = decide(questionOf(composeId, options), policy);
    if (options["json"] === true) await print(JSON.stringify(answerOf(composeId, decision)));
    else await print(`${composeId}: ${describeDecision(decision)}`);
    return 0;
  },
};

function questionOf(composeId: string, options: Invocation["options"]): Question {
  const { type, label, released } = options;
  if (label !== undefined && options["no-label"] === true)
    throw new UsageError("classify: --label and --no-label contradict each other");
  return {
    compose_id: composeId,
    ...(typeof type === "string" ? { type } : {}),
    ...(typeof label === "string" ? { label } : options["no-label"] === true ? { label: null } : {}),
    ...(released === true ? { released } : {}),
  };
}

function decide({ compose_id: composeId, type, label, released }: Question, policy: Policy): Decision {
  const claim = {
    ...{ composeId, source: "operator" as const, at: 0, by: "operator" },
    ...(type === undefined ? {} : { type }),
    ...(label === undefined ? {} : { label: label === "" ? null : label }),
    ...(released === true ? { released } : {}),
  };
  return classify(addClaim(noFacts(composeId), claim), policy);
}

async function answerLines({ input, print, positionals }: Invocation, policy: Policy): Promise<number> {
  if (positionals.length > 0) throw new UsageError("classify: give a COMPOSE or --stdin, not both");
  let number = 0;
  for await (const line of linesOf(input, LONGEST_LINE)) {
    number += 1;
    const question = line === null ? `longer than ${LONGEST_LINE} bytes` : parseQuestion(line);
    const answer =
      typeof question === "string"
        ? { compose_id: null, decision: "keep", rule: "malformed", reason: `line ${number}: ${question}` }
        : answerOf(question.compose_id, decide(question, policy));
    await print(JSON.stringify(answer));
  }
  return 0;
}

function answerOf(composeId: string, decision: Decision): object {
  const rule = decision.kind === "unresolved" ? null : decision.rule;
  return { compose_id: composeId, decision: decision.kind, rule, reason: decision.reason };
}

/** The question in a line, or why there is none. */
function parseQuestion(line: string): Question | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return `not JSON: ${(error as SyntaxError).message.slice(0, 100)}`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "not a JSON object";
  const { compose_id: composeId, type, label, released } = value as Record<string, unknown>;
  if (typeof composeId !== "string") return "compose_id is not a string";
  if (type !== undefined && typeof type !== "string") return "type is not a string";
  if (label !== undefined && label !== null && typeof label !== "string") return "label is neither a string nor null";
  if (released !== undefined && typeof released !== "boolean") return "released is not true or false";
  return {
    compose_id: composeId,
    ...(type === undefined ? {} : { type }),
    ...(label === undefined ? {} : { label }),
    ...(released === undefined ? {} : { released }),
  };
}
