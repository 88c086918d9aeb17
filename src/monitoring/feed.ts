import { badParameter, type Answer } from "./answer.ts";
import { html, type Html } from "./page/html.ts";
import { isKeySafeComposeId, parseComposeId } from "../domain/compose/compose.ts";
import type { ImageEvent } from "../domain/image/event.ts";
import { withoutSecrets } from "../domain/report/gate.ts";
import { DAY_MS, formatInstant, type Instant } from "../domain/time.ts";
import { recentEvents } from "../inspect/recent.ts";
import type { Journal, Schedule } from "../ports/index.ts";

export interface FeedReader {
  readonly schedule: Pick<Schedule, "regions">;
  readonly journal: Pick<Journal, "newest">;
  readonly now: () => Instant;
  readonly tell: (problem: string) => void;
}

/** So long an entry stands in the feed, unless so much happened in its region that it is not looked for any more. */
const SHOWN_MS = 30 * DAY_MS;
const MOST_ENTRIES = 100;

/**
 * An Atom feed (RFC 4287) of what was made private, an entry for each image name, with its ids by region; of one compose, or of
 * one stream, such as `Fedora-Cloud` or `Fedora-Cloud-43`. Throws `Problem`, `UpstreamError`.
 */
export async function feedAnswer(query: URLSearchParams, reader: FeedReader): Promise<Answer> {
  const [stream, compose] = [query.get("stream"), query.get("compose")];
  if (stream !== null && !isKeySafeComposeId(stream)) throw badParameter("stream", "a stream, such as Fedora-Cloud");
  if (compose !== null && !isKeySafeComposeId(compose))
    throw badParameter("compose", "a compose id, such as Fedora-Rawhide-20260122.n.0");
  const now = reader.now();
  const { events } = await recentEvents(now - SHOWN_MS, reader, reader.tell);
  const wanted = events.filter(
    ({ what, composeId }) =>
      (what === "made-private" || what === "found-again") &&
      (compose === null || composeId === compose) &&
      (stream === null || isOfStream(composeId, stream)),
  );
  const entries = [...byName(wanted)].slice(0, MOST_ENTRIES).map(([, of]) => entryOf(of));
  const asked = Object.entries({ stream, compose }).flatMap(([key, value]) => (value === null ? [] : [{ key, value }]));
  const search = asked
    .map(({ key, value }, at) => `${at === 0 ? "?" : "&"}${key}=${encodeURIComponent(value)}`)
    .join("");
  const about = asked.map(({ value }) => value).join(", ");
  const { text } = html`<?xml version="1.0" encoding="utf-8"?>
    <feed xmlns="http://www.w3.org/2005/Atom">
      <title>AMIs made private${about === "" ? "" : `: ${about}`}</title>
      <id>tag:clean-amis,2026:feed${search}</id>
      <link rel="self" href="/feed.atom${search}" />
      <link rel="alternate" href="/" />
      <author><name>clean-amis</name></author>
      <updated>${formatInstant(wanted[0]?.at ?? 0)}</updated>
      ${entries}</feed
    > `;
  return { status: 200, type: "application/atom+xml; charset=utf-8", body: text, maxAgeS: 60 };
}

function isOfStream(composeId: string, stream: string): boolean {
  const id = parseComposeId(composeId);
  if (!id.ok) return composeId === stream;
  const { short, version } = id.value.release;
  return stream === short || stream === `${short}-${version}`;
}

/** The newest first; the events of one name stay in that order. */
function byName(events: readonly ImageEvent[]): ReadonlyMap<string, readonly ImageEvent[]> {
  const found = new Map<string, ImageEvent[]>();
  for (const event of events) {
    const name = event.imageName || event.composeId;
    const known = found.get(name);
    if (known === undefined) found.set(name, [event]);
    else known.push(event);
  }
  return found;
}

function entryOf(events: readonly ImageEvent[]): Html | null {
  const [newest] = events;
  if (newest === undefined) return null;
  const name = withoutSecrets(newest.imageName || newest.composeId);
  const ids = events.map(({ region, amiId }) => `${region} ${amiId}`).sort();
  return html`<entry>
    <title>${name}: made private</title>
    <id>tag:clean-amis,2026:${newest.composeId}:${encodeURIComponent(name)}</id>
    <link rel="alternate" href="/find?q=${encodeURIComponent(newest.composeId)}" />
    <updated>${formatInstant(newest.at)}</updated>
    <summary>
      Nobody can start new machines from these images any more, and unless somebody objects they will be deleted:
      ${ids.join(", ")}. How to object is said there.
    </summary>
  </entry> `;
}
