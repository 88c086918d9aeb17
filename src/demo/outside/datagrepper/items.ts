import type { ArchivedMessage } from "./archive.ts";
import { Refusal } from "./refusal.ts";
import { SECOND_MS } from "../../../domain/time.ts";

export type Form = "raw" | "v2";

const LEGACY_META: Readonly<Record<string, string>> = { subtitle: "summary", link: "url", icon: "app_icon" };
const META = ["summary", "text", "url", "app_icon", "agent_avatar", "usernames", "packages"];
const MORE_META = ["containers", "modules", "flatpaks", "date"];
const LIST_META = ["usernames", "packages", "containers", "modules", "flatpaks"];

/** One item of an answer. Throws a `Refusal` "internal" for a name of `meta` that there is none of. */
export function itemJson(message: ArchivedMessage, form: Form, meta: readonly string[]): object {
  const item = form === "raw" ? rawItem(message) : v2Item(message);
  return meta.length === 0 ? item : { ...item, meta: metaJson(message, meta) };
}

/** datanommer.models `as_dict`; the timestamp goes through `time.mktime`, which drops its fraction. */
function rawItem(message: ArchivedMessage): object {
  const item = {
    i: 0,
    msg_id: message.id,
    topic: message.topic,
    timestamp: Math.floor(message.at / SECOND_MS),
    msg: message.body,
    source_name: "datanommer",
  };
  // The form of an item recorded in 2017.
  if (message.isOld === true) return { ...item, i: 1, source_version: "0.6.5" };
  return {
    ...item,
    certificate: null,
    signature: null,
    agent_name: message.agentName ?? null,
    username: message.agentName ?? null,
    crypto: null,
    headers: message.headers,
    source_version: "1.4.4",
    users: (message.users ?? []).toSorted(),
    packages: (message.packages ?? []).toSorted(),
  };
}

/** datanommer.models `as_fedora_message_dict`. */
function v2Item(message: ArchivedMessage): object {
  const headers = { ...message.headers };
  headers["sent-at"] ??= isoFormat(message.at);
  const priority = headers["priority"] ?? 0;
  return { body: message.body, headers, id: message.id, priority, queue: null, topic: message.topic };
}

/**
 * Python's `isoformat` of a time in UTC: microseconds only where there are any.
 */
export function isoFormat(at: number): string {
  const seconds = new Date(Math.floor(at / SECOND_MS) * SECOND_MS).toISOString().slice(0, 19);
  const micros = Math.round((at - Math.floor(at / SECOND_MS) * SECOND_MS) * 1000);
  return `${seconds}${micros === 0 ? "" : `.${String(micros).padStart(6, "0")}`}+00:00`;
}

/** What `base.message`, the schema of a message that has none, says of itself. */
function metaJson(message: ArchivedMessage, names: readonly string[]): object {
  const allowed = [...META, ...MORE_META, ...Object.keys(LEGACY_META)];
  if (!names.every((name) => allowed.includes(name)))
    throw new Refusal("internal", `meta must be in ${allowed.join(",")}. Got ${JSON.stringify(names)}`);
  const valueOf = (name: string): unknown => {
    if (name === "summary") return message.topic;
    if (name === "text") return `Topic: ${message.topic}\n\nBody: ${JSON.stringify(message.body, null, 4)}`;
    if (name === "date") return isoFormat(message.at);
    return LIST_META.includes(name) ? [] : null;
  };
  const values = Object.fromEntries(names.map((name) => [name, valueOf(LEGACY_META[name] ?? name)]));
  const legacy = names.filter((name) => name in LEGACY_META);
  const warning = (name: string): string =>
    `Meta ${name} is deprecated and has been replaced by ${LEGACY_META[name] ?? ""}`;
  return legacy.length === 0 ? values : { ...values, WARNING: legacy.map(warning) };
}
