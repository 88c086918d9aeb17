import { optionName, type Command, type Commands } from "../command/command.ts";
import { EXIT_CODES } from "../command/exit-codes.ts";
import { ENVIRONMENT } from "../../config/environment.ts";

/** The manual page, in the macros of man(7), made from the table of commands. */
export function manPage(commands: Commands): string {
  return [
    '.TH CLEAN-AMIS 1 "" clean-amis "clean-amis"',
    ".SH NAME",
    "clean-amis \\- makes Fedora's nightly Amazon machine images private, tells the public, and deletes them",
    ".SH SYNOPSIS",
    ".B clean-amis",
    "\\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIWORD\\fR...]",
    ".br",
    ".B clean-amis \\-\\-version",
    ".SH COMMANDS",
    ...Object.entries(commands).flatMap(([name, command]) => commandPart(name, command)),
    ".SH EXIT STATUS",
    ...Object.values(EXIT_CODES).flatMap(({ code, meaning }) => item(String(code), meaning)),
    ".SH ENVIRONMENT",
    ...Object.entries(ENVIRONMENT).flatMap(([name, meaning]) => item(name, meaning)),
    ".SH FILES",
    ...item("config.toml", "the configuration, unless --config or FEDORA_MESSAGING_CONF names another file"),
    ...item("/etc/fedora-messaging/config.toml", "the same, where config.toml is not there"),
    ...item(
      "docs/runbook.md",
      "in the package's folder: what to type at each alert, from the first start to a lost Redis",
    ),
  ].join("\n");
}

function commandPart(name: string, { summary, positionals, options, examples }: Command): readonly string[] {
  return [
    `.SS ${roff(["clean-amis", name, positionals].join(" ").trimEnd())}`,
    roff(summary),
    ...Object.entries(options).flatMap(([key, option]) => item(optionName(key, option), option.help)),
    ".PP",
    "Examples:",
    ".PP",
    ".EX",
    ...examples.map((line) => roff(line)),
    ".EE",
  ];
}

function item(term: string, text: string): readonly string[] {
  return [".TP", `.B ${roff(term)}`, roff(text)];
}

/** Text that roff takes as it is: no escape, no request at the start of a line, hyphens that can be copied, ASCII. */
function roff(text: string): string {
  const escaped = text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll(
      /[^\x20-\x7e]/gu,
      (character) => `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`,
    );
  return /^['.]/.test(escaped) ? `\\&${escaped}` : escaped;
}
