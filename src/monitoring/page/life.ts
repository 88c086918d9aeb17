import { when } from "./dates.ts";
import { html, type Html } from "./html.ts";
import { findLink, list, table } from "./shell.ts";
import { describeDecision } from "../../domain/compose/classify.ts";
import type { ImageEvent } from "../../domain/image/event.ts";
import type { Image, Stage } from "../../domain/image/image.ts";
import { situationOf } from "../../domain/plan/situation.ts";
import { dayOf, type Instant } from "../../domain/time.ts";
import type { ComposeExplanation, ComposeKnowledge, ImageExplanation } from "../../inspect/explain.ts";

/** An image's life, fit for the public. */
export interface Life {
  readonly explanation: ImageExplanation;
  /** Where the public was told of it last, or else of any other image of its region; null: no report is known. */
  readonly report: { readonly url: string; readonly isOwn: boolean } | null;
}

const GO_OVER_TO = "go over to";
const STAGES: Readonly<Record<Stage, string>> = {
  unresolved: "what its compose is is not known yet; nothing is done to it",
  public: "everybody can use it; it will be made private",
  private: "nobody can start new machines from it; it will be deleted",
  deleting: "it is being deleted",
  restoring: "it is being given back to the public",
  held: "somebody asked for it: nothing is done to it",
  kept: "it stays",
  deleted: "it is deleted, and cannot be brought back",
  gone: "somebody else deleted it, or it vanished",
};
/** Stages in which a hold still saves an image. */
const SAVED_BY_HOLD: readonly Stage[] = ["unresolved", "public", "private", "restoring"];

/** One image's life. */
export function lifeOf({ explanation, report }: Life, now: Instant): Html {
  const { image, decision, compose, history } = explanation;
  const situation = situationOf(image);
  return html`<h2><code>${image.amiId}</code> in ${image.region}</h2>
    <p class="state"><strong>${image.stage}</strong>: ${STAGES[image.stage]}.</p>
    ${list([
      ["name", image.imageName ?? "not told"],
      ["compose", findLink(image.composeId)],
      ["decision", describeDecision(decision)],
      ...deadlines(image, now),
      ...ended(history, now),
      ...(situation === null ? [] : [["half done", `${situation.done}; missing: ${situation.missing}`] as const]),
      ...hold(image, now),
      ...snapshots(image),
      ...goOverTo(explanation),
    ])}
    ${howToObject(image, report)}
    <h3>What is known of its compose</h3>
    ${factsOf(compose, now)}
    <h3>What happened</h3>
    ${historyOf(history, now)}${unreadOf(explanation)}`;
}

function deadlines(image: Image, now: Instant): (readonly [string, Html])[] {
  const { stage } = image;
  const rows: (readonly [string, Html])[] = [["uploaded", when(image.uploadedAt, now)]];
  if (image.madePrivateAt !== null) rows.push(["made private", when(image.madePrivateAt, now)]);
  else if (stage === "public") rows.push(["made private", html`not before ${when(image.privateAt, now)}`]);
  if (stage === "private" || stage === "deleting")
    rows.push([
      "deleted",
      image.deleteAt === null
        ? html`not before ten days after the public was told, which is still to come`
        : html`not before ${when(image.deleteAt, now)}`,
    ]);
  return rows;
}

function ended(history: readonly ImageEvent[], now: Instant): (readonly [string, Html])[] {
  const end = history.findLast(({ what }) => what === "deleted" || what === "gone");
  return end === undefined ? [] : [[end.what, when(end.at, now)]];
}

function hold({ hold: held }: Image, now: Instant): (readonly [string, Html])[] {
  if (held === null) return [];
  return [["held", html`by ${held.by}: ${held.why}; until ${when(held.until, now, "somebody releases it")}`]];
}

function snapshots({ snapshotIds, snapshotResults }: Image): (readonly [string, string])[] {
  if (snapshotIds.length === 0) return [];
  const words = snapshotIds.map((id) => (snapshotResults[id] === undefined ? id : `${id} (${snapshotResults[id]})`));
  return [["snapshots", words.join(", ")]];
}

/** Of what stays nothing is said: nobody has to leave it. */
function goOverTo({ image, replacement, isNewest }: ImageExplanation): (readonly [string, Html | string])[] {
  if (replacement !== null) return [[GO_OVER_TO, html`${findLink(replacement.amiId)} (${replacement.imageName})`]];
  return isNewest || image.stage === "kept" ? [] : [[GO_OVER_TO, "no newer public image of its kind is known"]];
}

function howToObject({ stage, amiId }: Image, report: Life["report"]): Html | null {
  if (!SAVED_BY_HOLD.includes(stage)) return null;
  const line = `${stage === "private" ? "restore" : "hold"} ${amiId} because …`;
  const where =
    report === null
      ? html`Write this line as a comment on the day’s public report:`
      : html`Write this line as a comment on
          <a href="${report.url}" rel="noreferrer">${report.isOwn ? "the report that told of it" : "the last report"}</a
          >:`;
  return html`<h3>If you need it</h3>
    <p>${where}</p>
    <pre>${line}</pre>`;
}

/** What is known of a compose, and who said it. */
function factsOf({ facts, testimony, decision }: ComposeKnowledge, now: Instant): Html {
  const said = (each: { readonly source: string; readonly value: string | null }): string =>
    `${each.value ?? "none"} (by ${each.source})`;
  const rows: (readonly [string, string])[] = [
    ["decision", describeDecision(decision)],
    ["type", facts.types.map(said).join(", ") || "not known"],
    ["label", facts.labels.map(said).join(", ") || "not known"],
    ...(facts.released ? [["released", "it was announced as a two-week release"] as const] : []),
    ...(facts.contradiction === null ? [] : [["contradiction", facts.contradiction] as const]),
  ];
  return html`${list(rows)}${
    testimony.length === 0
      ? null
      : table(
          "Who said it",
          ["what", "when"],
          testimony.map(({ of, at }) => [of, when(at, now)]),
        )
  }`;
}

function historyOf(history: readonly ImageEvent[], now: Instant): Html {
  if (history.length === 0) return html`<p>Nothing that is remembered.</p>`;
  return table(
    "Its history, the oldest first",
    ["what", "when", "who", "why"],
    history.map(({ what, at, who, why }) => [what, when(at, now), who, why]),
  );
}

/** What of its history was not looked through, and where it can be had. */
function unreadOf({ image, unread }: ImageExplanation): Html | null {
  if (unread === null) return null;
  const time = html`${dayOf(unread.from)} to ${dayOf(unread.to)}`;
  return html`<p>
    Too much happened in ${image.region} to look through all of it here: what happened to it from ${time} is not in this
    list. Who runs the service gets the whole of it by
    <code>clean-amis history ${image.amiId}</code>.
  </p>`;
}

/** A compose with its images. */
export function composeLife(composeId: string, { compose, standings, isMore }: ComposeExplanation, now: Instant): Html {
  const images =
    standings.length === 0
      ? html`<p>No image of it is known.</p>`
      : table(
          isMore ? `The first ${standings.length} of its images` : "Its images",
          ["AMI", "region", "name", "stage"],
          standings.map(({ image }) => [findLink(image.amiId), image.region, image.imageName ?? "", image.stage]),
        );
  return html`<p><a href="/feed.atom?compose=${encodeURIComponent(composeId)}">Feed of this compose</a></p>
    ${factsOf(compose, now)}${images}`;
}
