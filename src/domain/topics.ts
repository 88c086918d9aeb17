import { remembered } from "./remembered.ts";

/** What a message lets us learn: facts of composes, or uploads of images. */
export type Subject = "facts" | "uploads";

interface Topic {
  readonly of: Subject;
  /** More words may follow the event. */
  readonly hasEndings: boolean;
}

/**
 * Every event that is heard, in the order of the shipped bindings: the one table. What is decoded, what an archive is asked for
 * and the demo's bindings are taken from it; a test holds `config.toml` and the configuration's defaults against it.
 */
const TOPICS = {
  "fedimg.image.upload": { of: "uploads", hasEndings: false },
  "fedimg.image.publish": { of: "uploads", hasEndings: false },
  "fedimg.image.copy": { of: "uploads", hasEndings: false },
  "fedora_image_uploader.published.v1.aws": { of: "uploads", hasEndings: true },
  "pungi.compose.status.change": { of: "facts", hasEndings: false },
  "releng.atomic.twoweek.complete": { of: "facts", hasEndings: false },
} as const satisfies Readonly<Record<string, Topic>>;

/** The end of a topic, behind `org.fedoraproject.<environment>.`; without the words that may follow. */
export type HeardEvent = keyof typeof TOPICS;

const EVENTS = Object.keys(TOPICS) as readonly HeardEvent[];
const MOST_REMEMBERED = 1000;
const PREFIX = "org.fedoraproject";
const TOPIC = /^org\.fedoraproject\.(?<environment>[a-z]+)\.(?<event>.+)$/;

interface ReadTopic {
  /** `prod`, `stg`, `dev`. */
  readonly environment: string;
  /** Null: it is not heard. */
  readonly event: HeardEvent | null;
}

/** Whose message a topic is, and which event; null: not Fedora's. */
export const readTopic: (topic: string) => ReadTopic | null = remembered(MOST_REMEMBERED, (topic) => {
  const { environment, event: text } = TOPIC.exec(topic)?.groups ?? {};
  if (environment === undefined || text === undefined) return null;
  const event = EVENTS.find((each) => text === each || (TOPICS[each].hasEndings && text.startsWith(`${each}.`)));
  return { environment, event: event ?? null };
});

/** The exact topics of events in these environments. */
export function topicsOf(events: readonly HeardEvent[], environments: readonly string[]): readonly string[] {
  return environments.flatMap((environment) => events.map((event) => `${PREFIX}.${environment}.${event}`));
}

/**
 * How an archive is asked for all that is said of a subject. It matches topics whole: where one has endings, the category (the
 * word behind the environment) is asked for.
 */
export function askedFor(
  subject: Subject,
  environments: readonly string[],
): { readonly topics: readonly string[] } | { readonly categories: readonly string[] } {
  const events = EVENTS.filter((event) => TOPICS[event].of === subject);
  if (!events.some((event) => TOPICS[event].hasEndings)) return { topics: topicsOf(events, environments) };
  return { categories: [...new Set(events.map((event) => event.slice(0, event.indexOf("."))))] };
}

/** The AMQP routing keys that bring every event of every environment, and nothing else. */
export function routingKeys(): readonly string[] {
  return EVENTS.flatMap((event) => {
    const key = `${PREFIX}.*.${event}`;
    return TOPICS[event].hasEndings ? [key, `${key}.#`] : [key];
  });
}
