import { plain, row } from "../terminal/show.ts";
import { describeDecision } from "../../domain/compose/classify.ts";
import { parseComposeId } from "../../domain/compose/compose.ts";
import { FACT_SOURCES, type FactSource } from "../../domain/compose/facts.ts";
import type { Hold } from "../../domain/hold.ts";
import type { Image } from "../../domain/image/image.ts";
import { refusalOf } from "../../domain/plan/refusal.ts";
import { situationOf } from "../../domain/plan/situation.ts";
import { dayOf, describeWhen, floorSecond, formatInstant, type Instant } from "../../domain/time.ts";
import type { ComposeExplanation, ComposeKnowledge, ImageExplanation, Standing } from "../../inspect/explain.ts";

/** An image's explanation for people: what is decided, when things happen, who said what, and what happened. */
export function imageText(explanation: ImageExplanation, now: Instant): string {
  const { compose, history, unread, image } = explanation;
  return [
    ...standingText(explanation, now),
    "facts",
    ...factRows(compose),
    "history",
    ...history.flatMap(({ at, what, who, why }) =>
      row(what, `${formatInstant(floorSecond(at))} by ${who}${why === "" ? "" : `: ${why}`}`),
    ),
    ...(unread === null
      ? []
      : row("not read", `${dayOf(unread.from)} to ${dayOf(unread.to)}: see clean-amis history ${image.amiId}`)),
  ].join("\n");
}

/** Where an image stands, what is decided, and when things happen. */
export function standingText(explanation: ImageExplanation, now: Instant, width?: number): readonly string[] {
  const { image, decision, isNewest, replacement } = explanation;
  const put: Put = (name, text) => row(name, text, width);
  const isDecidedAnew = image.reason !== "" && (image.reason !== decision.reason || image.rule !== ruleOf(decision));
  const refusal = refusalOf(image);
  const situation = situationOf(image);
  return [
    `${image.amiId} in ${image.region}`,
    ...put("compose", image.composeId),
    ...put("name", [image.imageName, image.arch].filter((word) => word !== null).join(", ") || "not told"),
    ...put("stage", `${image.stage}: ${stageText(image, isNewest)}`),
    ...(situation === null
      ? []
      : [...put("done", situation.done), ...put("missing", situation.missing), ...put("to act", situation.who)]),
    ...(image.hold === null ? [] : put("hold", holdText(image.hold))),
    ...put("decision", describeDecision(decision)),
    ...(isDecidedAnew ? put("recorded", `${image.rule === null ? "" : `${image.rule}: `}${image.reason}`) : []),
    ...deadlines(explanation, now, put),
    ...(replacement === null ? [] : put("go over to", `${replacement.amiId}, ${replacement.imageName}`)),
    ...(image.takenAway === null ? [] : put("taken away", takenText(image.takenAway))),
    ...snapshotRows(image, put),
    ...(image.lastError === "" ? [] : put("last error", `${image.lastError} (attempt ${image.attempts})`)),
    ...(refusal === null ? [] : put("cure", refusal.cure)),
  ];
}

/** What became of each snapshot, as far as its deletion was tried. */
function snapshotRows({ snapshotIds, snapshotResults }: Image, put: Put): readonly string[] {
  const results = Object.entries(snapshotResults);
  if (results.length === 0) return snapshotIds.length === 0 ? [] : put("snapshots", snapshotIds.join(", "));
  const untried = snapshotIds.filter((id) => snapshotResults[id] === undefined).map((id) => [id, "not tried yet"]);
  return [...results, ...untried].flatMap(([id = "", result = ""]) => put("snapshot", `${id} ${result}`));
}

/** Makes the lines of a named text. */
type Put = (name: string, text: string) => readonly string[];

function holdText({ by, why, since, until }: Hold): string {
  const end = until === null ? "without end" : `until ${formatInstant(until)}`;
  return `by ${by} since ${formatInstant(floorSecond(since))}, ${end}: ${why}`;
}

/** A compose's explanation for people: one line an image; who said what is left out on demand. */
export function composeText({ compose, standings }: ComposeExplanation, now: Instant, withFacts = true): string {
  const width = Math.max(0, ...standings.map(({ image }) => image.region.length));
  return [
    compose.facts.composeId,
    ...row("decision", describeDecision(compose.decision)),
    ...(withFacts ? ["facts", ...factRows(compose)] : []),
    standings.length === 0 ? "images: none was announced" : `images (${standings.length})`,
    ...standings.map(
      (standing) =>
        `  ${standing.image.region.padEnd(width)} ${standing.image.amiId} ${standing.image.stage}${nextText(standing, now)}`,
    ),
  ].join("\n");
}

function ruleOf(decision: ImageExplanation["decision"]): string | null {
  return decision.kind === "unresolved" ? null : decision.rule;
}

function stageText(image: Image, isNewest: boolean): string {
  switch (image.stage) {
    case "unresolved":
      return "waits for facts of its compose; nothing is done to it";
    case "public":
      return isNewest ? "stays while its compose is among the newest of its stream" : "will be made private";
    case "private":
      return image.noticedAt === null ? "waits for the public notice; not deleted without" : "will be deleted";
    case "deleting":
      return "deletion has begun and goes on until every snapshot is accounted for";
    case "restoring":
      return `what was taken away is being given back; then it is ${image.becomes ?? "kept"}`;
    case "held":
      return "stopped until a person lets it go on";
    case "kept":
      return "nothing is done to it";
    case "deleted":
      return "image and snapshots are accounted for";
    case "gone":
      return "vanished from EC2";
  }
}

/** Deadlines and what has happened, in the order of a life; only the rows that mean something in this stage. */
function deadlines({ image, waits }: ImageExplanation, now: Instant, put: Put): readonly string[] {
  const when = (name: string, at: Instant | null): readonly string[] =>
    at === null ? [] : put(name, describeWhen(floorSecond(at), now));
  const isWaiting = image.stage === "unresolved" || image.stage === "public";
  const isTold = image.stage === "private" && image.deleteAt === null;
  return [
    ...when("uploaded", image.uploadedAt),
    ...(isWaiting ? when("private at", image.privateAt) : []),
    ...when("made private", image.madePrivateAt),
    ...when("noticed", image.noticedAt),
    ...(isTold ? put("delete at", "not set before the notice is confirmed") : []),
    ...(image.stage === "held" ? pausedDate(image, put) : when("delete at", image.deleteAt)),
    ...(waits === null ? [] : put("next look", `${untilText(waits.wakeAt, now)}, queue ${waits.queue}`)),
    ...when("missed since", image.missedSince),
  ];
}

/** A held image's clock stands: its date counts again after a release and a new notice. */
function pausedDate({ deleteAt }: Image, put: Put): readonly string[] {
  if (deleteAt === null) return [];
  return put("delete at", `not while it is held; before the hold it was ${formatInstant(floorSecond(deleteAt))}`);
}

function untilText(at: Instant, now: Instant): string {
  return at === Infinity ? "none by itself" : describeWhen(at, now);
}

/** What comes next for an image, in a few words. */
function nextText({ image, decision, waits }: Standing, now: Instant): string {
  if (image.stage === "kept") return ` (${plain(ruleOf(decision) ?? image.reason)})`;
  if (image.stage === "private" && image.deleteAt === null) return ", waits for the notice";
  if (waits === null || waits.wakeAt === Infinity) return "";
  return `, next ${describeWhen(waits.wakeAt, now)}`;
}

function takenText({ image, snapshots }: NonNullable<Image["takenAway"]>): string {
  const launch = image ? "everybody's launch permission" : "no launch permission";
  if (snapshots.length === 0) return `${launch}; no volume permission`;
  return `${launch}; everybody's volume permission of ${snapshots.join(", ")}`;
}

/** One row a source: what it says, when it was heard first and from what; also those that were asked and knew nothing. */
function factRows({ facts, testimony }: ComposeKnowledge): readonly string[] {
  const id = parseComposeId(facts.composeId);
  const heard = (of: FactSource | "release"): string => {
    const told = testimony.find((each) => each.of === of);
    return told === undefined ? "" : `; heard ${formatInstant(floorSecond(told.at))}, ${told.by}`;
  };
  const others = FACT_SOURCES.flatMap((source) => {
    const said = saidBy(source, facts);
    const asked = facts.asked.find((each) => each.source === source);
    const answer = asked === undefined ? "" : `; asked ${formatInstant(floorSecond(asked.at))}`;
    if (said === "" && asked?.outcome === "silent") return row(source, `knew nothing${answer}`);
    const isSilent = said === "" && asked === undefined && heard(source) === "";
    return isSilent ? [] : row(source, `${said || "neither type nor label"}${heard(source)}${answer}`);
  });
  return [
    ...row("id", id.ok ? `type ${id.value.type}, of ${id.value.date}, respin ${id.value.respin}` : id.reason),
    ...others,
    ...(facts.released ? row("released", `as a two-week compose${heard("release")}`) : []),
    ...(facts.contradiction === null ? [] : row("contradiction", facts.contradiction)),
  ];
}

function saidBy(source: FactSource, { types, labels }: ComposeKnowledge["facts"]): string {
  const type = types.find((each) => each.source === source);
  const label = labels.find((each) => each.source === source);
  const words = [
    ...(type === undefined ? [] : [`type ${type.value}`]),
    ...(label === undefined ? [] : [label.value === null ? "no label" : `label ${label.value}`]),
  ];
  return words.join(", ");
}
