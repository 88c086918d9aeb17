import type { Command, Commands } from "../command/command.ts";
import { EXIT_CODES } from "../command/exit-codes.ts";
import { bashCompletion } from "./completion-bash.ts";
import { fishCompletion } from "./completion-fish.ts";
import { zshCompletion } from "./completion-zsh.ts";

const SHELLS: Readonly<Record<string, (commands: Commands) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** Completion for shells, made from the table of commands. */
export function completionCommand(commands: () => Commands): Command {
  return {
    summary: "prints what makes a shell complete commands, their words and options",
    positionals: "bash|zsh|fish",
    options: {},
    examples: [
      'eval "$(clean-amis completion bash)"',
      "clean-amis completion fish > ~/.config/fish/completions/clean-amis.fish",
    ],
    run: async ({ positionals, print }) => {
      const [shell = ""] = positionals;
      await print(SHELLS[shell]?.(commands()) ?? "");
      return EXIT_CODES.done.code;
    },
  };
}
