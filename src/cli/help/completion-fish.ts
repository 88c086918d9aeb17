import { firstWordsOf, takesAmi, takesFile, type Command, type Commands, type Option } from "../command/command.ts";

/** Those that wait, asked for each time; a service that hangs must not hold the prompt. */
const WAITING = '(timeout 5 clean-amis queue --plain --limit 1000 2>/dev/null | cut -d " " -f 2)';

/** Fish's completion: one line for each command, word and option. */
export function fishCompletion(commands: Commands): string {
  const lines = Object.entries(commands).flatMap(([name, command]) => [
    `complete -c clean-amis -n __fish_use_subcommand -a ${name} -d ${quoted(command.summary)}`,
    ...linesOf(name, command, commands),
  ]);
  return [
    "# fish completion for clean-amis, printed by: clean-amis completion fish",
    "complete -c clean-amis -f",
    ...lines,
  ].join("\n");
}

function linesOf(name: string, command: Command, commands: Commands): readonly string[] {
  const within = `complete -c clean-amis -n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
  const first = firstWordsOf(command, commands);
  return [
    ...(first.length > 0 ? [`${within} -a ${quoted(first.join(" "))}`] : []),
    ...(takesFile(command) ? [`${within} -F`] : []),
    ...(takesAmi(command) ? [`${within} -a ${quoted(WAITING)}`] : []),
    ...Object.entries(command.options).map(
      ([key, option]) => `${within} -l ${key}${argumentOf(option)} -d ${quoted(option.help)}`,
    ),
    `${within} -l help -d this`,
  ];
}

function argumentOf({ type, bare, values = [] }: Option): string {
  if (type === "boolean" || bare !== undefined) return "";
  if (values === "file") return " -r -F";
  return values.length > 0 ? ` -x -a ${quoted(values.join(" "))}` : " -x";
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
