/** Every exit code, with what it means: the help, the man page and the docs are made from this. */
export const EXIT_CODES = {
  done: { code: 0, meaning: "done; of doctor: nothing is wrong" },
  failed: {
    code: 1,
    meaning:
      "a service (broker, Redis, EC2, the forge) failed, what was asked about is not known, it was interrupted, or there is a bug; of doctor: something is wrong",
  },
  usage: { code: 2, meaning: "the command line or the configuration is wrong; nothing was opened" },
  warned: { code: 3, meaning: "of doctor: nothing is wrong, but there are warnings" },
  cutOff: {
    code: 4,
    meaning: "ordered to end by a signal, it hung and was cut off after eight seconds; what was under way is due again",
  },
} as const;

/** How a command ended. */
export type CommandOutcome = keyof typeof EXIT_CODES;

export function exitCode(outcome: CommandOutcome): number {
  return EXIT_CODES[outcome].code;
}
