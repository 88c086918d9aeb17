import type { Line } from "../command/lines.ts";
import { quote } from "../../domain/words.ts";
import type { Message } from "../../ports/index.ts";

/**
 * The message in a line: as fedora-messaging dumps it (`topic`, `headers`, `id`, `body`), or as an item of datagrepper's
 * `/raw` (`topic`, `msg_id`, `msg`). A sentence when the line is neither.
 */
export function storedMessage(line: Line, now: number): Message | string {
  if (line.text === null) return line.reason;
  const item = objectIn(line.text);
  if (item === null) return `no JSON object: ${quote(line.text)}`;
  const { topic } = item;
  const body = item["body"] ?? item["msg"];
  if (typeof topic !== "string" || typeof body !== "object" || body === null)
    return "no message: it has not topic and body, as fedora-messaging dumps them, nor topic and msg, as datagrepper does";
  const id = item["id"] ?? item["msg_id"];
  const text = textOf(body);
  if (text === null) return "its body is nested too deeply";
  const headers = typeof item["headers"] === "object" && item["headers"] !== null ? item["headers"] : {};
  return {
    topic,
    messageId: typeof id === "string" ? id : "",
    headers: headers as Message["headers"],
    body: Buffer.from(text),
    arrivedAt: now,
  };
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** JSON again; null where V8, which reads at any depth, cannot write. */
function textOf(body: object): string | null {
  try {
    return JSON.stringify(body);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
