import { readFileSync } from "node:fs";
import type { Upload } from "../../../../src/domain/image/upload.ts";
import { decode, type Heard } from "../../../../src/hear/decode.ts";
import type { Message } from "../../../../src/ports/index.ts";

/** A message as the bus has carried it, or as an archive returns it. */
export interface Sample {
  readonly id: string;
  readonly topic: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly message_id?: string;
}

/** All shapes of ten years, each with the public source that it was read in. */
export const SAMPLES = JSON.parse(
  readFileSync(new URL("../../../fixtures/messages.json", import.meta.url), "utf8"),
) as readonly Sample[];

export const ARRIVED_AT = Date.parse("2026-11-24T22:00:00.750Z");

export function sample(id: string): Sample {
  const found = SAMPLES.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no message ${id}`);
  return found;
}

/** What the bus delivers: a body that is given as text or bytes goes out as it is. */
export function delivered(
  { topic, headers, id, message_id: messageId = id }: Omit<Sample, "body">,
  body: object | string | Buffer,
): Message {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return { topic, messageId, headers, body: bytes, arrivedAt: ARRIVED_AT };
}

/** What is heard of a message like this one with another body. */
export function hear(of: Sample, body: object | string | Buffer): Heard {
  return decode(delivered(of, body), ["prod"]);
}

/** The uploads that a message tells; none when it tells something else. */
export function uploadsOf(heard: Heard): readonly Upload[] {
  return heard.kind === "uploads" ? heard.uploads : [];
}

/** The reason of a refusal, or what was heard instead. */
export function reasonOf(heard: Heard): string {
  return heard.kind === "rejected" ? heard.reason : JSON.stringify(heard);
}
