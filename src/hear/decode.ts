import { isKeySafeComposeId } from "../domain/compose/compose.ts";
import type { Fact } from "../domain/compose/facts.ts";
import { isAmiId, isRegion } from "../domain/image/image.ts";
import type { Upload } from "../domain/image/upload.ts";
import { parsePythonJson } from "../domain/python-json.ts";
import { floorSecond, parseInstant, type Instant } from "../domain/time.ts";
import { readTopic, type HeardEvent } from "../domain/topics.ts";
import { quote } from "../domain/words.ts";
import { MOST_READ_BYTES, type Message } from "../ports/index.ts";
import { Schema } from "../schema.ts";

export type IgnoredBecause = "environment" | "topic" | "status" | "service" | "names-no-compose";

/** What a message says. `unreadable` are parts of an otherwise good message, each with its reason. */
export type Heard =
  | { readonly kind: "uploads"; readonly uploads: readonly Upload[]; readonly unreadable: readonly string[] }
  | { readonly kind: "facts"; readonly facts: readonly Fact[]; readonly unreadable: readonly string[] }
  | { readonly kind: "ignored"; readonly because: IgnoredBecause }
  | { readonly kind: "rejected"; readonly reason: string };

type Body = Readonly<Record<string, unknown>>;

const FEDIMG_IMAGE = new Schema<Body>("fedimg.image.json");
const UPLOADER_IMAGES = new Schema<Body>("fedora_image_uploader.aws.json");
const PUNGI_STATUS = new Schema<Body>("pungi.compose.status.change.json");
const TWO_WEEK = new Schema<Body>("releng.atomic.twoweek.complete.json");
const MOST_REASONS = 50;
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Who understands which event: one that is heard without a reader does not compile. */
const READERS: Readonly<Record<HeardEvent, (body: Body, message: Message) => Heard>> = {
  "fedimg.image.upload": readFedimg,
  "fedimg.image.publish": readFedimg,
  "fedimg.image.copy": readFedimg,
  "fedora_image_uploader.published.v1.aws": readUploader,
  "pungi.compose.status.change": readPungi,
  "releng.atomic.twoweek.complete": readTwoWeek,
};

/**
 * Understands a message: pure but for the schemas, which are read once. Never throws for what a message contains.
 * `environments` are those whose messages are ours (`prod`, `stg`, `dev`).
 */
export function decode(message: Message, environments: readonly string[]): Heard {
  const because = ignoredByTopic(message.topic, environments);
  if (because !== null) return { kind: "ignored", because };
  const topic = readTopic(message.topic);
  if (topic?.event == null) return { kind: "ignored", because: "topic" };
  const body = parseBody(message.body);
  return typeof body === "string" ? { kind: "rejected", reason: body } : READERS[topic.event](body, message);
}

/** Why a message of this topic is none of ours; null: it is one. */
export function ignoredByTopic(text: string, environments: readonly string[]): "topic" | "environment" | null {
  const topic = readTopic(text);
  if (topic === null) return "topic";
  if (!environments.includes(topic.environment)) return "environment";
  return topic.event === null ? "topic" : null;
}

/**
 * The JSON object in a body, or a sentence that says why there is none. Publishers write with Python, and so may write `NaN`:
 * what stands beside it is understood, and no schema takes it for anything.
 */
function parseBody(body: Buffer): Body | string {
  if (body.length > MOST_READ_BYTES)
    return `the body has ${body.length} bytes: more than ${MOST_READ_BYTES} are not read`;
  try {
    const value: unknown = parsePythonJson(UTF8.decode(body));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Body;
    return "the body is not a JSON object";
  } catch (error) {
    if (error instanceof RangeError) return "the body is nested too deeply to be read";
    return error instanceof SyntaxError ? `the body is not JSON: ${error.message}` : "the body is not UTF-8";
  }
}

function readFedimg(body: Body, message: Message): Heard {
  if (!FEDIMG_IMAGE.accepts(body)) return misfit(FEDIMG_IMAGE);
  if (typeof body["status"] === "string" && body["status"] !== "completed")
    return { kind: "ignored", because: "status" };
  if (body["service"] !== undefined && body["service"] !== "EC2") return { kind: "ignored", because: "service" };
  const { compose } = body;
  const named = typeof compose === "object" ? (compose as Body)["compose_id"] : compose;
  const composeId = (named ?? body["compose_id"]) as string;
  const other = body["compose_id"];
  if (typeof other === "string" && other !== composeId)
    return { kind: "rejected", reason: `it names two composes, ${quote(composeId)} and ${quote(other)}` };
  const destination = body["destination"] as string;
  // fedimg has written `EC2 (us-east-1)` until 2018, `us-east-1` since, and `EC2-eu-west-1` in its own tests.
  const region = /^EC2(?: \((?<braced>[^()]+)\)|-(?<dashed>.+))$/.exec(destination)?.groups;
  const amiId = (body["extra"] as { id: string }).id;
  return uploadsOf(body, message, composeId, [[region?.["braced"] ?? region?.["dashed"] ?? destination, amiId]]);
}

function readUploader(body: Body, message: Message): Heard {
  if (!UPLOADER_IMAGES.accepts(body)) return misfit(UPLOADER_IMAGES);
  return uploadsOf(body, message, body["compose_id"] as string, Object.entries(body["regions"] as Body));
}

function uploadsOf(
  body: Body,
  message: Message,
  composeId: string,
  images: readonly (readonly [string, unknown])[],
): Heard {
  if (!isKeySafeComposeId(composeId)) return { kind: "rejected", reason: `${quote(composeId)} is no compose id` };
  const uploads: Upload[] = [];
  const unreadable: string[] = [];
  const uploadedAt = sentAt(message);
  for (const [region, amiId] of images) {
    if (!isRegion(region)) unreadable.push(`${quote(region)} is no EC2 region`);
    else if (typeof amiId !== "string" || !isAmiId(amiId))
      unreadable.push(`${region}: ${quote(typeof amiId === "string" ? amiId : typeof amiId)} is no AMI id`);
    else
      uploads.push({
        region,
        amiId,
        composeId,
        imageName: textOrNull(body["image_name"]),
        arch: textOrNull(body["architecture"]),
        uploadedAt,
      });
  }
  return uploads.length === 0
    ? { kind: "rejected", reason: unreadable.join("; ") }
    : { kind: "uploads", uploads, unreadable };
}

function readPungi(body: Body, message: Message): Heard {
  if (!PUNGI_STATUS.accepts(body)) return misfit(PUNGI_STATUS);
  const composeId = body["compose_id"] as string;
  if (!isKeySafeComposeId(composeId)) return { kind: "rejected", reason: `${quote(composeId)} is no compose id` };
  const { compose_type: type, compose_label: label, location } = body;
  const fact: Fact = {
    composeId,
    source: "pungi",
    ...(typeof type === "string" ? { type } : {}),
    ...(label !== undefined ? { label: label === "" ? null : (label as string | null) } : {}),
    ...(typeof location === "string" ? { location } : {}),
    at: message.arrivedAt,
    by: message.messageId,
  };
  return { kind: "facts", facts: [fact], unreadable: [] };
}

function readTwoWeek(body: Body, message: Message): Heard {
  if (!TWO_WEEK.accepts(body)) return misfit(TWO_WEEK);
  const found = composeIdsIn(body);
  if (found.length === 0) return { kind: "ignored", because: "names-no-compose" };
  const unreadable = few(found.filter((id) => !isKeySafeComposeId(id)).map((id) => `${quote(id)} is no compose id`));
  const facts = found.filter(isKeySafeComposeId).map((composeId): Fact => ({
    composeId,
    source: "pungi",
    released: true,
    at: message.arrivedAt,
    by: message.messageId,
  }));
  return facts.length === 0
    ? { kind: "rejected", reason: unreadable.join("; ") }
    : { kind: "facts", facts, unreadable };
}

/** Reasons for a record that must stay small, whatever the message: the first ones, and how many more there are. */
function few(reasons: readonly string[]): readonly string[] {
  const more = reasons.length - MOST_REASONS;
  return more <= 0 ? reasons : [...reasons.slice(0, MOST_REASONS), `and ${more} more`];
}

/** Every text under a key `compose_id`, at any depth: the message had three shapes over the years, and may have a fourth. */
function composeIdsIn(body: Body): string[] {
  const found = new Set<string>();
  const open: unknown[] = [body];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    for (const [key, inner] of Object.entries(value)) {
      if (key === "compose_id" && typeof inner === "string") found.add(inner);
      else if (typeof inner === "object" && inner !== null) open.push(inner);
    }
  }
  return [...found];
}

/**
 * When the message was sent, in whole seconds and never later than its arrival. A missing or unreadable `sent-at` counts as
 * the arrival: later, so that nothing happens early.
 */
function sentAt(message: Message): Instant {
  const header = message.headers["sent-at"];
  const at = typeof header === "string" ? parseInstant(header) : null;
  return floorSecond(Math.min(at ?? message.arrivedAt, message.arrivedAt));
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function misfit(schema: Schema<Body>): Heard {
  return { kind: "rejected", reason: schema.complaint("body") };
}
