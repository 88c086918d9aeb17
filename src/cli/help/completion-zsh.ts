import { firstWordsOf, takesAmi, takesFile, type Command, type Commands, type Option } from "../command/command.ts";

/** Zsh's completion: to be written to a file `_clean-amis` in `$fpath`, or to be sourced after `compinit`. */
export function zshCompletion(commands: Commands): string {
  const entries = Object.entries(commands);
  return `#compdef clean-amis
# zsh completion for clean-amis, printed by: clean-amis completion zsh
_clean_amis() {
  local -a commands
  commands=(
${entries.map(([name, { summary }]) => `    ${quoted(`${name}:${summary}`)}`).join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  ((CURRENT -= 1))
  case "$command" in
${entries.map(([name, command]) => caseOf(name, command, commands)).join("\n")}
  esac
}
# Those that wait; a service that hangs must not hold the prompt.
_clean_amis_waiting() {
  compadd -- \${(f)"$(timeout 5 clean-amis queue --plain --limit 1000 2>/dev/null | cut -d " " -f 2)"}
}
# Read from $fpath this file is the function itself; sourced, it says what the function is for.
if [[ $funcstack[1] == _clean-amis ]]; then
  _clean_amis "$@"
else
  compdef _clean_amis clean-amis
fi`;
}

function caseOf(name: string, command: Command, commands: Commands): string {
  const options = Object.entries(command.options).map(([key, option]) => quoted(optionSpec(key, option)));
  const first = firstWordsOf(command, commands);
  const words = first.length > 0 ? [quoted(`1:word:(${first.join(" ")})`)] : [];
  const files = takesFile(command) ? [quoted("*:file:_files")] : [];
  const amis = takesAmi(command) ? [quoted("*:AMI:_clean_amis_waiting")] : [];
  return `    ${name}) _arguments ${[...options, quoted("--help[this]"), ...words, ...files, ...amis].join(" ")} ;;`;
}

/** `--only=[help]:value:(private delete)`: a colon or bracket of the help would end it. */
function optionSpec(key: string, { type, bare, help, values = [] }: Option): string {
  const told = help.replaceAll(/[\\[\]:]/g, "\\$&");
  if (type === "boolean") return `--${key}[${told}]`;
  const action = values === "file" ? "_files" : values.length > 0 ? `(${values.join(" ")})` : " ";
  if (bare !== undefined) return `--${key}=-[${told}]::value: `;
  return `--${key}=[${told}]:value:${action}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
