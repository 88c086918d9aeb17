import type { Test } from "tap";
import { openDatagrepper } from "../../../src/adapters/datagrepper/archive.ts";
import type { DatagrepperAccess } from "../../../src/adapters/datagrepper/calls.ts";
import type { ArchivedMessage } from "../../../src/demo/outside/datagrepper/archive.ts";
import { startDatagrepper } from "../../../src/demo/outside/datagrepper/double.ts";
import type { DatagrepperDouble, DatagrepperOptions } from "../../../src/demo/outside/datagrepper/double.ts";
import type { Archive, Message } from "../../../src/ports/index.ts";
import { SettableClock } from "../world/clock.ts";

/** When the double and the adapter think it is. */
export const NOW = Date.parse("2026-11-24T22:00:00Z");
/** The day whose messages most tests read. */
export const DAY = Date.parse("2026-11-20T00:00:00Z");
export const TOPIC = "org.fedoraproject.prod.fedimg.image.publish";
export const UPLOADER_TOPIC = "org.fedoraproject.prod.fedora_image_uploader.published.v1.aws";
export const PUNGI_TOPIC = "org.fedoraproject.prod.pungi.compose.status.change";

/** A stored message with that number in id and body. */
export function row(number: number, at: number, change: Partial<ArchivedMessage> = {}): ArchivedMessage {
  return { topic: TOPIC, id: `id-${number}`, at, headers: { priority: 0 }, body: { number }, ...change };
}

export function rows(count: number, atOf: (number: number) => number): ArchivedMessage[] {
  return Array.from({ length: count }, (_, number) => row(number, atOf(number)));
}

/** A list in a list in a list: Python's own JSON gives up some thousand levels down, and datagrepper with it. */
export function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let depth = 0; depth < levels; depth += 1) value = [value];
  return value;
}

export async function start(test: Test, options: DatagrepperOptions = {}): Promise<DatagrepperDouble> {
  const double = await startDatagrepper({ now: () => NOW, ...options });
  test.teardown(() => double.close());
  return double;
}

/** The adapter over the double, on a clock on which nobody waits. */
export function open(double: { readonly url: string }, change: Partial<DatagrepperAccess> = {}): Archive {
  const access = { url: double.url, userAgent: "clean-amis/test", timeoutMs: 10_000, clock: new SettableClock(NOW) };
  return openDatagrepper({ ...access, ...change });
}

export async function collect(messages: AsyncIterable<Message>): Promise<Message[]> {
  const all: Message[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

/** Answers of raw `fetch`; `json` is empty for a web page. */
export async function ask(double: DatagrepperDouble, path: string, init: RequestInit = {}) {
  const response = await fetch(double.url + path, { headers: { accept: "application/json" }, ...init });
  const text = await response.text();
  const json = (text.startsWith("{") ? JSON.parse(text) : {}) as Readonly<Record<string, unknown>> & {
    readonly raw_messages?: readonly Readonly<Record<string, unknown>>[];
  };
  const ids = (json.raw_messages ?? []).map((item) => item["msg_id"] ?? item["id"]);
  return { status: response.status, type: response.headers.get("content-type"), text, json, ids };
}
