import type { Queue } from "../../domain/image/lifecycle.ts";

/** What Redis calls the types of our keys. */
export type KeyType = "string" | "hash" | "set" | "zset" | "stream";

/** Every key outside of `{…}`, with its type; `*` stands for any name. */
const ROOT_KEYS = {
  format: "string",
  regions: "set",
  rejected: "stream",
  "rejected:known": "zset",
  "{*:rejected}:known": "zset",
  "compose:*": "hash",
  "kept:*": "string",
} as const;

/**
 * Those of a region, in its hash tag. `images`: the ami-ids that are not known to be deleted or gone; `counts`: how many of them, by
 * stage. `names` was written by version 0.1, and is taken over into `composes`.
 */
const REGION_KEYS = {
  unresolved: "zset",
  private: "zset",
  delete: "zset",
  restore: "zset",
  held: "zset",
  "image:*": "hash",
  "compose:*": "set",
  "stream:*": "zset",
  images: "set",
  counts: "hash",
  composes: "zset",
  names: "zset",
  events: "stream",
  usage: "hash",
} as const satisfies Record<Queue, "zset"> & Record<string, KeyType>;

/** Those in `{control}`. `paused` stops every act while it exists; `queue` is the AMQP queue that all replicas share. */
const CONTROL_KEYS = {
  paused: "string",
  queue: "string",
  ears: "hash",
  "ears:first": "hash",
  "ears:lease": "string",
  "ears:new": "hash",
  "ears:whole": "hash",
  run: "string",
  requests: "stream",
  "requests:lease": "string",
  "order:*": "string",
  stopped: "hash",
  breakers: "hash",
  guard: "hash",
  "budget:*": "hash",
  "answer:*": "string",
  reporters: "set",
  status: "hash",
  replicas: "zset",
  "hung:*": "string",
  "backfill:*": "hash",
  "comments:*:lease": "string",
  "comments:*:memory": "hash",
  "comments:*:handled": "hash",
  "comments:*:handled:dates": "zset",
  "comments:*:pending": "hash",
  "comments:*:authors:*": "hash",
  "comments:*:counted:*": "set",
  "reporter:*:lease": "string",
  "reporter:*:cursors": "hash",
  "reporter:*:part": "string",
  "reporter:*:memory": "hash",
  "reporter:*:status": "hash",
  "reporter:*:soon": "zset",
} as const satisfies Record<string, KeyType>;

/** Every key that this program writes, by where it stands. */
const LAYOUT = { root: ROOT_KEYS, region: REGION_KEYS, control: CONTROL_KEYS } as const;

type Named<Pattern> = Pattern extends `${infer Head}*${infer Tail}` ? `${Head}${string}${Named<Tail>}` : Pattern;
export type ControlName = Named<keyof typeof CONTROL_KEYS>;

/**
 * Names of every key. What belongs to a region shares the hash tag `{region}`, so that each script touches one slot of a
 * Redis Cluster; `control` is a tag of its own and no region's name.
 */
export interface Keys {
  readonly format: string;
  readonly regions: string;
  readonly rejected: string;
  /** Fingerprints of what was ever put into `rejected`, by when it came last; in the slot of that. */
  readonly rejectedKnown: string;
  /** Where these stood in version 0.1. */
  readonly rejectedBefore: string;
  queue(region: string, queue: Queue): string;
  image(region: string, amiId: string): string;
  composeImages(region: string, composeId: string): string;
  stream(region: string, stream: string): string;
  events(region: string): string;
  /** What is known of who uses the region's images in other accounts. */
  usage(region: string): string;
  images(region: string): string;
  counts(region: string): string;
  composes(region: string): string;
  /** Of version 0.1. */
  names(region: string): string;
  compose(composeId: string): string;
  /** Written for a minute, to learn whether all that was written before is kept; of these numbers some are on each server. */
  kept(number: number): string;
  control(name: ControlName): string;
  readonly layout: typeof LAYOUT;
  /** What every key of ours is like, for SCAN. */
  readonly all: string;
  /** What stands where; null: it is no name of ours. */
  read(key: string): KeyName | null;
}

/** A key's name in its parts. */
export interface KeyName {
  /** The type that a key of that name has. */
  readonly type: KeyType;
  /** Null: it is of no region alone. */
  readonly region: string | null;
  /** The rest of the name. */
  readonly name: string;
}

/** `prefix` is `clean-amis`, unless two installations share one Redis. */
export function keysOf(prefix: string): Keys {
  const inRegion = (region: string, rest: string): string => `${prefix}:{${region}}:${rest}`;
  return {
    format: `${prefix}:format`,
    regions: `${prefix}:regions`,
    rejected: `${prefix}:rejected`,
    rejectedKnown: `${prefix}:{${prefix}:rejected}:known`,
    rejectedBefore: `${prefix}:rejected:known`,
    queue: (region, queue) => inRegion(region, queue),
    image: (region, amiId) => inRegion(region, `image:${amiId}`),
    composeImages: (region, composeId) => inRegion(region, `compose:${composeId}`),
    stream: (region, stream) => inRegion(region, `stream:${stream}`),
    images: (region) => inRegion(region, "images"),
    counts: (region) => inRegion(region, "counts"),
    composes: (region) => inRegion(region, "composes"),
    names: (region) => inRegion(region, "names"),
    events: (region) => inRegion(region, "events"),
    usage: (region) => inRegion(region, "usage"),
    compose: (composeId) => `${prefix}:compose:${composeId}`,
    kept: (number) => `${prefix}:kept:${number}`,
    control: (name) => inRegion("control", name),
    layout: LAYOUT,
    all: `${prefix}:*`,
    read: (key) => (key.startsWith(`${prefix}:`) ? readName(key.slice(prefix.length + 1)) : null),
  };
}

function readName(name: string): KeyName | null {
  const tagged = /^\{(?<tag>[^}]*)\}:(?<rest>[^]*)$/.exec(name)?.groups;
  // The tag of the rejected is a key's whole name, which no region's is.
  const { tag = null, rest = name } = tagged?.["tag"]?.includes(":") === true ? {} : (tagged ?? {});
  const keys = tag === null ? ROOT_KEYS : tag === "control" ? CONTROL_KEYS : REGION_KEYS;
  const found = Object.entries(keys).find(([pattern]) => isLike(rest, pattern));
  return found === undefined ? null : { type: found[1], region: tag === "control" ? null : tag, name: rest };
}

function isLike(name: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[{}.]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^]*")}$`).test(name);
}
