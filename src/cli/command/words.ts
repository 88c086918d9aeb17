import { REGION_NAMES } from "../../domain/image/regions.ts";
import { textOf, type Invocation } from "./command.ts";
import { checkRegion } from "./regions.ts";
import { isKeySafeComposeId } from "../../domain/compose/compose.ts";
import { STAGES, type Stage } from "../../domain/image/image.ts";
import { DAY_MS, parseDuration, parseInstant, type Instant } from "../../domain/time.ts";
import { nearest, quote } from "../../domain/words.ts";
import { UsageError } from "../../errors.ts";
import type { QueueFilter } from "../../inspect/queue.ts";

/** `--region` of a command that looks at records. */
export const REGION = {
  type: "string",
  help: "these regions alone: us-east-1,eu-west-1",
  isList: true,
  values: REGION_NAMES,
} as const;

/** The regions of `--region`, a list with commas; null: all. Throws `UsageError`. */
export function regionsOf(command: string, invocation: Pick<Invocation, "options">): readonly string[] | null {
  const regions = listOf(textOf(invocation, "region"));
  for (const region of regions ?? []) checkRegion(`${command}: --region`, region);
  return regions;
}

/** The words of a list with commas, each one of `known`; null: the option was not given. Throws `UsageError`. */
export function wordsOf<T extends string>(
  command: string,
  option: string,
  known: readonly T[],
  invocation: Pick<Invocation, "options">,
): readonly T[] | null {
  const words = listOf(textOf(invocation, option));
  return (
    words?.map((word) => {
      const found = known.find((name) => name === word);
      if (found !== undefined) return found;
      const guess = nearest(word, known);
      const hint = guess === null ? `one of ${known.join(", ")}` : `did you mean ${guess}?`;
      throw new UsageError(`${command}: --${option} ${quote(word)}: ${hint}`);
    }) ?? null
  );
}

/** What the options ask of the queues. Throws `UsageError`. */
export function filterOf(invocation: Pick<Invocation, "options">, now: Instant): QueueFilter {
  const composeId = textOf(invocation, "compose") ?? null;
  if (composeId !== null && !isKeySafeComposeId(composeId))
    throw new UsageError(`queue: --compose ${quote(composeId)} is no compose id`);
  const within = textOf(invocation, "due-within");
  const withinMs = within === undefined ? null : parseDuration(within);
  if (within !== undefined && withinMs === null)
    throw new UsageError(`queue: --due-within ${quote(within)}: a whole number and s, m, h or d, such as 2d`);
  const until = untilOf("queue", now, "ahead", invocation);
  const stages = wordsOf<Stage>("queue", "stage", STAGES, invocation);
  const over = stages?.find((stage) => stage === "deleted" || stage === "gone");
  if (over !== undefined)
    throw new UsageError(`queue: what is ${over} waits for nothing: ask clean-amis explain or history`);
  return {
    regions: regionsOf("queue", invocation),
    stages,
    composeId,
    dueBy: withinMs === null && until === null ? null : Math.min(now + (withinMs ?? Infinity), until ?? Infinity),
    isHeld: invocation.options["held"] === true,
    isRefused: invocation.options["refused"] === true,
  };
}

/** The end of a list, itself not in it, by `--until`; null: the option was not given. Throws `UsageError`. */
export function untilOf(
  command: string,
  now: Instant,
  way: "ahead" | "ago",
  invocation: Pick<Invocation, "options">,
): Instant | null {
  const text = textOf(invocation, "until");
  if (text === undefined) return null;
  const until = momentOf(text, now, way);
  if (until !== null) return until;
  throw new UsageError(`${command}: --until ${quote(text)}: ${MOMENT_WORDS}`);
}

/** What `momentOf` takes, for complaints. */
export const MOMENT_WORDS = "a day like 2026-12-24, an instant, or a duration like 14d";

/** An instant, the end of a day, or a duration from now on or back; null: none of them. */
export function momentOf(text: string, now: Instant, way: "ahead" | "ago"): Instant | null {
  const durationMs = parseDuration(text);
  if (durationMs !== null) return way === "ahead" ? now + durationMs : now - durationMs;
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? parseInstant(`${text}T00:00:00Z`) : null;
  return day === null ? parseInstant(text) : day + DAY_MS;
}

/** A whole number from 1; `otherwise` when the option was not given. Throws `UsageError`. */
export function countOf(
  command: string,
  option: string,
  otherwise: number,
  invocation: Pick<Invocation, "options">,
): number {
  const text = textOf(invocation, option);
  if (text === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1)
    throw new UsageError(`${command}: --${option} ${quote(text)}: a whole number from 1`);
  return Number(text);
}

function listOf(text: string | undefined): readonly string[] | null {
  return text === undefined ? null : text.split(",").map((word) => word.trim());
}
