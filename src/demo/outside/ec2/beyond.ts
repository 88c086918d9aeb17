import type { Reading } from "./reading.ts";
import { NOT_SIMULATED, notSimulated } from "./wire/errors.ts";

/**
 * The reading, with an action that EC2 knows and the simulator does not told apart from a word that is none. The SDK has a
 * command for each action; it is loaded when such a word first comes.
 */
export async function tellApart(reading: Reading): Promise<Reading> {
  const { service, action, refusal } = reading;
  if (service !== "ec2" || refusal?.code !== "InvalidAction") return reading;
  const commands = await import("@aws-sdk/client-ec2");
  if (!Object.hasOwn(commands, `${action}Command`)) return reading;
  return { ...reading, refusal: notSimulated(`the action ${action}`) };
}

/** What was asked of the simulator that EC2 answers and it does not; whoever did not expect that is told at its end. */
export class Beyond {
  readonly #expected: ((call: string) => void) | null;
  readonly #calls: string[] = [];

  /** `expected` is told of each call; null: nobody expects any. */
  constructor(expected: ((call: string) => void) | null) {
    this.#expected = expected;
  }

  note({ action, parameters }: Reading, errorCode: string | null): void {
    if (errorCode !== NOT_SIMULATED) return;
    const call = `${action === "" ? "a call" : action} ${JSON.stringify(parameters.toObject())}`;
    if (this.#expected !== null) {
      this.#expected(call);
      return;
    }
    this.#calls.push(call);
    process.stderr.write(`EC2 simulator: not simulated: ${call}\n`);
  }

  /** Throws when something came that nobody expected. */
  conclude(): void {
    if (this.#calls.length > 0)
      throw new Error(`The EC2 simulator was asked what it does not simulate: ${this.#calls.join("; ")}`);
  }
}
