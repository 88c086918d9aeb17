import type { BusMessage } from "./hearer.ts";
import type { Post } from "./judge.ts";

/** The message that tells what stands under a heading of a report, up to its first bracket or colon. */
const KIND_OF: Readonly<Record<string, string>> = {
  "Made private": "private",
  "Begun, and not finished": "refused",
  Deleted: "deleted",
  "Deleted, with something left": "refused",
  "Given back to the public": "restored",
  "Given back, with something left": "refused",
  Held: "held",
  "Released from a hold": "released",
  Refused: "refused",
  "Not done yet, tried again": "refused",
  "Gone by another hand": "gone",
  "Gone, and nobody knows by whom": "gone",
  "Released images that changed": "altered",
  "Kept, but a person should look": "kept",
};
/** It is told before anything happens, and in no report. */
const BEFORE = "private_soon";

/**
 * Every way in which the bus was told something else than the public, one sentence each: what a post tells has its message, nothing
 * else has one, and those of a region come in the order in which it happened. A message that comes twice by one id is one.
 */
export function busViolations(posts: readonly Post[], messages: readonly BusMessage[]): readonly string[] {
  const once = [...new Map(messages.map((message) => [message.id, message])).values()];
  const [soon, heard] = [once.filter(({ kind }) => kind === BEFORE), once.filter(({ kind }) => kind !== BEFORE)];
  const [told, said] = [countOf(posts.flatMap(rowsOf)), countOf(heard.map(nameOf))];
  const names = new Set([...told.keys(), ...said.keys()]);
  const unlike = [...names].filter((name) => told.get(name) !== said.get(name));
  return [
    ...unlike.map(
      (name) => `${name}: ${told.get(name) ?? 0} times in a report, ${said.get(name) ?? 0} times on the bus`,
    ),
    ...disordered(heard),
    ...soon.flatMap((message) => wrongWith(message, once)),
  ];
}

/** `us-east-1 ami-… private`, for each row of a table under a heading that a message has. */
function rowsOf({ text }: Post): readonly string[] {
  let kind: string | undefined;
  return text.split("\n").flatMap((line) => {
    const heading = /^## (?<title>[^(:]+?)(?: \(|:|$)/.exec(line)?.groups?.["title"];
    if (heading !== undefined) kind = KIND_OF[heading];
    const [, region = "", amiId = ""] = /^\| ([a-z0-9-]+) \| `(ami-[0-9a-f]+)`/.exec(line) ?? [];
    return kind === undefined || amiId === "" ? [] : [`${region} ${amiId} ${kind}`];
  });
}

function nameOf({ region, amiId, kind }: BusMessage): string {
  return `${region} ${amiId} ${kind}`;
}

function disordered(messages: readonly BusMessage[]): readonly string[] {
  const last = new Map<string, string>();
  return messages.flatMap((message) => {
    const { region, event } = message;
    const before = last.get(region);
    last.set(region, event);
    return before === undefined || isLater(event, before)
      ? []
      : [`${nameOf(message)}: told after ${before}, out of order`];
  });
}

/** By the ids of a stream's entries, `milliseconds-number`. */
function isLater(event: string, before: string): boolean {
  const [one = [], other = []] = [event, before].map((text) => (text.split("/")[1] ?? "").split("-").map(Number));
  return (one[0] ?? 0) - (other[0] ?? 0) > 0 || (one[0] === other[0] && (one[1] ?? 0) > (other[1] ?? 0));
}

/** That an image goes is said once, and before it is gone. */
function wrongWith(message: BusMessage, all: readonly BusMessage[]): readonly string[] {
  const ofImage = all.filter(({ region, amiId }) => region === message.region && amiId === message.amiId);
  const [first] = ofImage;
  const isOnce = ofImage.filter(({ kind }) => kind === BEFORE).length === 1;
  return first === message && isOnce ? [] : [`${nameOf(message)}: told late, or twice`];
}

function countOf(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
