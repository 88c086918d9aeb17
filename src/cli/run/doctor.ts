import { CONFIG, configOf, type Command, type Invocation } from "../command/command.ts";
import { exitCode, type CommandOutcome } from "../command/exit-codes.ts";
import { strangerText } from "../command/regions.ts";
import { REGION, regionsOf } from "../command/words.ts";
import { jsonLine, plain } from "../terminal/show.ts";
import type { Config } from "../../config/config.ts";
import { PARTS, type Part } from "../../config/file.ts";
import type { Problems } from "../../doctor/doctor.ts";
import type { Finding, State } from "../../doctor/finding.ts";
import { count } from "../../domain/markdown.ts";
import { ConfigError } from "../../errors.ts";

const COLOURS: Readonly<Record<State, number>> = { ok: 32, warning: 33, failure: 31 };

export const doctor: Command = {
  summary: "can everything be reached, and is it allowed? changes nothing; the exit code says the worst",
  positionals: "",
  options: {
    config: CONFIG,
    region: { ...REGION, help: "EC2 in these regions alone: us-east-1,eu-west-1 (else all of the records)" },
    quiet: { type: "boolean", help: "warnings and failures alone: not a word where all is well" },
    json: { type: "boolean", help: "print JSON lines {check, state, message, remedy}, one for each region" },
  },
  examples: ["clean-amis doctor", "clean-amis doctor --json --config /etc/clean-amis/config.toml"],
  run: async (invocation) => {
    const regions = regionsOf("doctor", invocation);
    for (const region of regions ?? []) {
      const hint = strangerText(region, []);
      if (hint !== null) invocation.warn(`--region ${hint}`);
    }
    const { config, problems } = read(invocation);
    const [{ openDoctor }, { examine }, { alike }] = await Promise.all([
      import("../../app/doctor.ts"),
      import("../../doctor/doctor.ts"),
      import("../../doctor/alike.ts"),
    ]);
    const counts: Record<State, number> = { ok: 0, warning: 0, failure: 0 };
    const { json: isJson, quiet: isQuiet } = invocation.options;
    const tell = async (finding: Finding): Promise<void> => {
      counts[finding.state] += 1;
      if (isQuiet !== true || finding.state !== "ok") await invocation.print(lineOf(finding, invocation));
    };
    const ofRegions: Finding[] = [];
    const examined = openDoctor(config, problems, regions);
    try {
      for await (const finding of examine(examined)) {
        // What was not answered before the order to stop says nothing of the neighbour.
        invocation.stop.throwIfAborted();
        // Those of the regions come last.
        if (isJson !== true && finding.check.startsWith("ec2 ")) ofRegions.push(finding);
        else await tell(finding);
      }
      for (const finding of alike(ofRegions)) await tell(finding);
    } finally {
      await examined.close();
    }
    if (isJson !== true && (isQuiet !== true || counts.warning + counts.failure > 0))
      await invocation.print(
        `${counts.ok} ok, ${count(counts.warning, "warning")}, ${count(counts.failure, "failure")}`,
      );
    return exitCode(outcomeOf(counts, problems));
  },
};

/** What is wrong with one part, such as a token that is missing, is told beside all else. Throws `ConfigError`. */
function read(invocation: Invocation): { readonly config: Config; readonly problems: Problems } {
  configOf(invocation, []);
  const problems: Partial<Record<Part, string>> = {};
  for (const part of PARTS)
    try {
      configOf(invocation, [part]);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems[part] = error.message;
    }
  const sound = PARTS.filter((part) => problems[part] === undefined);
  return { config: configOf(invocation, sound), problems };
}

function outcomeOf({ warning, failure }: Readonly<Record<State, number>>, problems: Problems): CommandOutcome {
  if (Object.keys(problems).length > 0) return "usage";
  return failure > 0 ? "failed" : warning > 0 ? "warned" : "done";
}

function lineOf({ check, state, message, remedy }: Finding, { options, screen }: Invocation): string {
  if (options["json"] === true) return jsonLine({ check, state, message, remedy });
  const text = plain(`${check}: ${message}${remedy === null ? "" : `: ${remedy}`}`);
  const isColoured = screen()?.isColoured === true;
  const word = state.padEnd(8);
  return `${isColoured ? `\u001b[${COLOURS[state]}m${word}\u001b[0m` : word}${text}`;
}
