import { firstWordsOf, takesAmi, takesFile, type Command, type Commands } from "../command/command.ts";

/** Bash's completion. It needs nothing but bash 4; bash cuts words at `=`, so `--only=pri` arrives as three. */
export function bashCompletion(commands: Commands): string {
  const entries = Object.entries(commands);
  return `# bash completion for clean-amis, printed by: clean-amis completion bash
_clean_amis() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  local command="\${COMP_WORDS[1]}" words="" first="" files="" amis=""
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $previous == "=" ]]; then
    previous="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  if ((COMP_CWORD == 1)); then
    words="${[...Object.keys(commands), "--help"].join(" ")}"
  else
    case "$command $previous" in
${entries.flatMap(([name, command]) => valueCases(name, command)).join("\n")}
    *)
      case "$command" in
${entries.map(([name, command]) => wordCase(name, command, commands)).join("\n")}
      esac
      ;;
    esac
  fi
  if ((COMP_CWORD == 2)); then words="$first $words"; fi
  # Those that wait are asked for when one is begun; a service that hangs must not hold the prompt.
  if [[ -n $amis && $current == ami-* ]]; then
    words="$words $(timeout 5 clean-amis queue --plain --limit 1000 2>/dev/null | cut -d " " -f 2)"
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ -n $files && \${#COMPREPLY[@]} -eq 0 ]]; then compopt -o default; fi
}
complete -F _clean_amis clean-amis`;
}

/** What follows an option that takes a value; one that may stand alone takes none from the next word. */
function valueCases(name: string, { options }: Command): readonly string[] {
  const valued = Object.entries(options).filter(([, { type, bare }]) => type === "string" && bare === undefined);
  return valued.map(([key, { values = [] }]) => {
    const what = values === "file" ? "files=1" : `words="${values.join(" ")}"`;
    return `    "${name} --${key}") ${what} ;;`;
  });
}

function wordCase(name: string, command: Command, commands: Commands): string {
  const options = [...Object.keys(command.options), "help"].map((key) => `--${key}`);
  const first = firstWordsOf(command, commands).join(" ");
  const files = `${takesFile(command) ? " files=1" : ""}${takesAmi(command) ? " amis=1" : ""}`;
  return `      ${name}) words="${options.join(" ")}" first="${first}"${files} ;;`;
}
