import type { EventKind, ImageEvent } from "../image/event.ts";
import type { Image } from "../image/image.ts";
import type { Replacement } from "../image/replacement.ts";
import { textsOf } from "../json.ts";
import { publicReason } from "../plan/public-reason.ts";
import { lastErrorOf, situationIn } from "../plan/situation.ts";
import { formatInstant, parseInstant, SECOND_MS, type Instant } from "../time.ts";
import { withoutSecrets } from "./gate.ts";
import { actorOf } from "./remarks.ts";
import { sectionOf } from "./sections.ts";

/** What the bus is told of an image, each by a topic of its own: `clean_amis.image.private`. */
export const BULLETIN_KINDS = [
  "private_soon",
  "private",
  "deleted",
  "restored",
  "held",
  "released",
  "refused",
  "gone",
  "kept",
  "altered",
] as const;
export type BulletinKind = (typeof BULLETIN_KINDS)[number];

/** What one message on the bus says of one image. */
export interface Bulletin {
  readonly kind: BulletinKind;
  /** `warning`: a person should look. */
  readonly severity: "info" | "warning";
  /** What `schemas/clean_amis.image.KIND.json` describes; the same whenever it is made of the same event, but for `replacement`. */
  readonly body: BulletinBody;
  /** The date in it before which the image is not deleted; null: it names none. */
  readonly notDeletedBefore: Instant | null;
}

/** What every one of them has; a text holds nothing that is not for the public. */
interface Head {
  /** Of the event, or of what is to come: the same in each repeat. */
  readonly event: string;
  readonly when: string;
  readonly region: string;
  readonly ami: string;
  readonly compose_id: string;
  readonly image_name: string | null;
}

type Tail = Readonly<Record<string, string | number | boolean | null | Readonly<Record<string, string | null>>>>;
export type BulletinBody = Head & Tail;

const KIND_OF: Readonly<Record<EventKind, BulletinKind | null>> = {
  scheduled: "kept",
  decided: "kept",
  "made-private": "private",
  "found-again": "private",
  noticed: null,
  refused: "refused",
  failed: "refused",
  deleting: null,
  deleted: "deleted",
  restoring: null,
  restored: "restored",
  held: "held",
  released: "released",
  gone: "gone",
  altered: "altered",
};

/** The start of each topic, and of each schema's name. */
const TOPIC = "clean_amis.image";
const WARNINGS: readonly BulletinKind[] = ["refused", "gone", "kept", "altered"];

/** `clean_amis.image.private`, without the prefix of the bus. */
export function bulletinTopic(kind: BulletinKind): string {
  return `${TOPIC}.${kind}`;
}

/** The name by which a reader finds the message's schema: `clean_amis.image.private.v1`. */
export function bulletinSchema(kind: BulletinKind): string {
  return `${bulletinTopic(kind)}.v1`;
}

/** What a message is made of, beside its event. */
interface Beside {
  readonly deleteAfterMs: number;
  /** The image to go over to; null: none is known. */
  readonly replacement: Replacement | null;
}

/** What the bus is told of an event; null where the public report tells nothing of it either. Total. */
export function bulletinOf(event: ImageEvent, { deleteAfterMs, replacement }: Beside): Bulletin | null {
  const kind = sectionOf(event) === null ? null : KIND_OF[event.what];
  if (kind === null) return null;
  const notDeletedBefore = notDeletedBeforeOf(kind, event, deleteAfterMs);
  const tail = tailOf(kind, event, notDeletedBefore === null ? null : formatInstant(notDeletedBefore));
  const led = kind === "private" || kind === "deleted" ? replacementIn(replacement) : {};
  return { kind, severity: severityOf(kind), body: { ...headOf(event), ...tail, ...led }, notDeletedBefore };
}

function replacementIn(replacement: Replacement | null): Tail {
  if (replacement === null) return { replacement };
  const { amiId, composeId, imageName } = replacement;
  return { replacement: { ami: amiId, compose_id: withoutSecrets(composeId), image_name: nameOf(imageName) } };
}

/** What is told a day before an image is made private. */
export function soonBulletin(
  image: Pick<Image, "region" | "amiId" | "composeId" | "imageName" | "privateAt">,
  replacement: Replacement | null,
): Bulletin {
  const { region, amiId, composeId, imageName, privateAt } = image;
  const when = formatInstant(privateAt);
  const event = `${region}/${amiId}/${when}`;
  const head = {
    event,
    when,
    region,
    ami: amiId,
    compose_id: withoutSecrets(composeId),
    image_name: nameOf(imageName),
  };
  const body = { ...head, ...replacementIn(replacement) };
  return { kind: "private_soon", severity: "info", body, notDeletedBefore: null };
}

function severityOf(kind: BulletinKind): Bulletin["severity"] {
  return WARNINGS.includes(kind) ? "warning" : "info";
}

function headOf({ id, at, region, amiId, composeId, imageName, details }: ImageEvent): Head {
  return {
    event: `${region}/${id}`,
    when: formatInstant(at),
    region,
    ami: withoutSecrets(amiId),
    compose_id: withoutSecrets(composeId),
    image_name: nameOf(details["ec2_name"] || imageName),
  };
}

function tailOf(kind: BulletinKind, event: ImageEvent, notDeletedBefore: string | null): Tail {
  const { details } = event;
  const why = withoutSecrets(event.why);
  switch (kind) {
    case "private_soon":
      return {};
    case "private":
      return {
        not_deleted_before: notDeletedBefore,
        snapshots: numberIn(details["snapshots"]),
        gib: numberIn(details["gib"]),
        again: event.what === "found-again",
      };
    case "deleted":
      return { snapshots: resultsIn(details["snapshots"]), gib: numberIn(details["gib"]) };
    case "restored":
      return { by: withoutSecrets(actorOf(event)), why };
    case "held":
      return { by: withoutSecrets(actorOf(event)), why, until: untilIn(details["until"]) };
    case "released":
      return { by: withoutSecrets(actorOf(event)), why, not_deleted_before: notDeletedBefore };
    case "refused":
      return refusalIn(event);
    case "gone":
    case "kept":
    case "altered":
      return { why };
  }
}

/** The earliest that a notice can set: its days begin with it, and it is never before the event. */
function notDeletedBeforeOf(kind: BulletinKind, { at, details }: ImageEvent, deleteAfterMs: number): Instant | null {
  if (kind === "private") return at + deleteAfterMs;
  const afterHoldS = numberIn(details["after_hold_s"]);
  if (kind !== "released" || details["from"] !== "private" || afterHoldS === null) return null;
  return at + afterHoldS * SECOND_MS;
}

/** What a service said is not for the public: our own sentence stands for it, as in the report. */
function refusalIn(event: ImageEvent): Tail {
  const situation = situationIn(event);
  const { why, who } = situation ?? publicReason(lastErrorOf(event) ?? "");
  return { why, who_must_act: who, done: situation?.done ?? null, missing: situation?.missing ?? null };
}

function resultsIn(snapshots = ""): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(textsOf(snapshots)).map(([id, result]) => [withoutSecrets(id), withoutSecrets(result)]),
  );
}

/** Null: until a person releases it. */
function untilIn(text = ""): string | null {
  const at = parseInstant(text);
  return at === null ? null : formatInstant(at);
}

function numberIn(text = ""): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function nameOf(name: string | null): string | null {
  return name === null || name === "" ? null : withoutSecrets(name);
}
