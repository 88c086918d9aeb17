import type { ImageEvent } from "../image/event.ts";
import { lastDayOf } from "../hold.ts";
import { code, linkTo } from "../markdown.ts";
import { publicReason } from "../plan/public-reason.ts";
import { lastErrorOf, situationIn, type Situation } from "../plan/situation.ts";
import { DAY_MS, parseInstant, type Instant } from "../time.ts";
import { shown } from "./gate.ts";

/** Something that is said of images, in Markdown: `by`, `until`, `why`. */
export type Remark = readonly [label: string, text: string];

export const why = (event: ImageEvent): readonly Remark[] => [["why", whyText(event)]];
/** Of a refusal or a failure: what a service said is not for the public. */
export const reason = (event: ImageEvent): readonly Remark[] => [["why", publicReason(lastErrorOf(event) ?? "").why]];
export const reasonAndWho = (event: ImageEvent): readonly Remark[] => {
  const { why, who } = publicReason(lastErrorOf(event) ?? "");
  return [
    ["why", why],
    ["who must act", who],
  ];
};
export const halfDone = (event: ImageEvent): readonly Remark[] => {
  const situation = situationIn(event);
  return situation === null ? [] : remarksOn(situation);
};

/** What is said of an image that stands half done. */
export function remarksOn({ done, missing, why, who }: Situation): readonly Remark[] {
  return [
    ["done", done],
    ["missing", missing],
    ["why", why],
    ["who must act", who],
  ];
}

/** Remarks as one paragraph. */
export function remarksText(remarks: readonly Remark[]): string {
  return remarks.map(([label, text]) => `${label}: ${text}`).join("; ");
}

/** Parts of this service, as events name them: who reads a report knows none of them. */
const OURSELVES = ["ingest", "resolver", "ticker", "reporter", "reconcile", "guardian", "usage"];

const THIS_SERVICE = "this service";

export function by(event: ImageEvent): Remark {
  const name = actorOf(event);
  return ["by", name === THIS_SERVICE ? name : shown(name)];
}

/** Who did it, as anybody may know them: a person by name, and all of us as this service. Not cleared of secrets. */
export function actorOf({ who, details }: Pick<ImageEvent, "who" | "details">): string {
  const name = details["by"] || who;
  return OURSELVES.includes(name) ? THIS_SERVICE : name;
}

/** A reason; the address of the comment that gave it stands behind it, and can be clicked. */
function whyText({ why, who, details }: ImageEvent): string {
  const { words, url } = /^(?<words>.*) \((?<url>https?:\/\/\S+#comment-\d+)\)$/s.exec(why)?.groups ?? {};
  // What messages and EC2 say is nobody's comment.
  const isPublic = url !== undefined && shown(url) === code(url) && / in a comment\b/.test(details["by"] || who);
  const link = isPublic ? linkTo(url, "the comment") : null;
  return words === undefined || link === null ? shown(why) : `${shown(words)} (${link})`;
}

/** When a hold ends: a day is held to its end. */
export function untilText({ details }: ImageEvent): string {
  const until = details["until"] ?? "";
  if (until === "" || until === "no end") return "a person releases it";
  const at = parseInstant(until);
  if (at === null) return shown(until);
  const day = lastDayOf(at);
  return day === null ? momentText(at) : `the end of ${day} (UTC)`;
}

/** `2026-12-24 08:00 UTC`, and the day alone at midnight. */
export function momentText(at: Instant): string {
  const [day = "", time = ""] = new Date(at).toISOString().split("T");
  return at % DAY_MS === 0 ? day : `${day} ${time.slice(0, 5)} UTC`;
}
