import { badParameter } from "../answer.ts";
import { isKeySafeComposeId } from "../../domain/compose/compose.ts";
import { EVENT_KINDS, type EventKind } from "../../domain/image/event.ts";
import { isAmiId, isRegion, type Stage } from "../../domain/image/image.ts";
import { QUEUE_OF } from "../../domain/image/lifecycle.ts";
import { STAGES } from "../../domain/image/image.ts";
import { parseDuration, parseInstant, type Instant } from "../../domain/time.ts";

/** A region's name from outside. Throws `Problem`. */
export function regionOf(word: string, name = "region"): string {
  if (!isRegion(word)) throw badParameter(name, "a region's name, such as us-east-1");
  return word;
}

/** An AMI id from outside. Throws `Problem`. */
export function amiOf(word: string): string {
  if (!isAmiId(word)) throw badParameter("ami", "ami- and 8 or 17 hexadecimal digits");
  return word;
}

/** A compose id from outside. Throws `Problem`. */
export function composeOf(word: string): string {
  if (!isKeySafeComposeId(word)) throw badParameter("id", "a compose id, such as Fedora-Rawhide-20260122.n.0");
  return word;
}

/** Null without one. Throws `Problem`. */
export function optional<T>(query: URLSearchParams, name: string, read: (text: string) => T): T | null {
  const text = query.get(name);
  return text === null ? null : read(text);
}

/** A stage in which an image waits for something. Throws `Problem`. */
export function stageOf(text: string): Stage {
  const waiting = STAGES.filter((stage) => QUEUE_OF[stage] !== null);
  const found = waiting.find((stage) => stage === text);
  if (found === undefined) throw badParameter("stage", `one of ${waiting.join(", ")}`);
  return found;
}

/** Throws `Problem`. */
export function kindOf(text: string): EventKind {
  const found = EVENT_KINDS.find((kind) => kind === text);
  if (found === undefined) throw badParameter("kind", `one of ${EVENT_KINDS.join(", ")}`);
  return found;
}

/** A duration from now on: `36h`, `7d`. Throws `Problem`. */
export function withinOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw badParameter("due_within", "a number with s, m, h or d, such as 36h");
  return ms;
}

/** An instant, or a duration before now. Throws `Problem`. */
export function sinceOf(text: string, now: Instant): Instant {
  const ago = parseDuration(text);
  const at = ago === null ? parseInstant(text) : now - ago;
  if (at === null) throw badParameter("since", "an instant such as 2026-11-24T08:00:00Z, or a time ago such as 7d");
  return at;
}
