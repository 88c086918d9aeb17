import { createHash } from "node:crypto";
import type { RedisConnection } from "./connection.ts";
import { togetherATurn } from "./once-a-turn.ts";
import { loadScript } from "./script.ts";
import { asUpstream, ofOtherType } from "./strange.ts";
import { MOST_STREAM_BYTES, streamBytes } from "./stream-bytes.ts";
import { translateErrors } from "../translate.ts";
import { parsePythonJson, writePythonJson } from "../../domain/python-json.ts";
import { formatInstant, parseInstant } from "../../domain/time.ts";
import { MOST_READ_BYTES, type NewRejected, type RejectedMessage, type RejectedMessages } from "../../ports/index.ts";

const reject = loadScript("reject");

/** So many entries are kept, the newest: a flood of rubbish must not fill the memory that the schedule lives in. */
const MOST_REJECTED = 100_000;

/** Of its entries, where they are too many or take too much, so many go at once, as a part of all: trimming one by one would be asked for by each message. */
const TRIMMED_PART = 16;

/** Where it is counted, of the status, how many went so. */
const REMOVED = "rejected_removed";

/** The largest body that is kept whole. */
const WHOLE_BYTES = 256 * 1024;

/** Redis goes through all of them to say what they take: it is asked after so many more, or so many bytes more. */
const LOOK_AFTER = 1_000;
const LOOK_AFTER_BYTES = 1024 * 1024;
/** What is sent in one command, and one message more. */
const MOST_AT_ONCE_BYTES = 512 * 1024;
/** What may come between two looks, with what Redis needs for it. */
const SPARE_BYTES = 2 * LOOK_AFTER_BYTES;

/** What could not be understood: one stream, for people to read and to replay. */
export function redisRejected(connection: RedisConnection): RejectedMessages {
  const { redis, keys, strangers } = connection;
  const [key, status] = [keys.rejected, keys.control("status")];
  const range = async (start: string, end: string, limit: number): Promise<readonly RejectedMessage[]> =>
    (await redis.xrangeBuffer(key, start, end, "COUNT", limit)).map(([id, flat]) => readEntry(id, flat));
  const keepBounds = boundsOf(connection);
  /** Of version 0.1, which had the fingerprints there: most often there are none. */
  const wereKnown = async (entries: readonly NewRejected[]): Promise<readonly boolean[]> => {
    const before = keys.rejectedBefore;
    if ((await redis.exists(before)) === 0) return entries.map(() => false);
    const score = (entry: NewRejected) => redis.zscore(before, fingerprintOf(entry));
    return Promise.all(entries.map(async (entry) => (await strangers.orTell(before, score(entry), null)) !== null));
  };
  /** Resolves to which of them were put there now. */
  const put = async (entries: readonly NewRejected[]): Promise<readonly boolean[]> => {
    const known = keys.rejectedKnown;
    const args = [Date.now(), MOST_REJECTED, ...entries.flatMap(writeNew)];
    // Messages that can be neither understood nor kept must not keep the others from being heard: the log names them.
    const results = await strangers.orTell(key, reject(redis, [key, known], args), null);
    if (!Array.isArray(results)) return entries.map(() => true);
    if (results.includes(-1)) strangers.tell(known, `redis: ${ofOtherType(known)}`);
    await keepBounds(entries.filter((_, index) => results[index] !== 0));
    return results.map((result) => result !== 0);
  };
  const rejected: RejectedMessages = {
    add: togetherATurn(async (entries: readonly NewRejected[]) => {
      const areOld = await wereKnown(entries);
      const pieces = inPieces(entries.filter((_, index) => areOld[index] === false));
      const arePut = (await Promise.all(pieces.map(put))).flat().values();
      return areOld.map((isOld) => !isOld && arePut.next().value === true);
    }),
    count: () => redis.xlen(key),
    removed: async () => {
      const count = await strangers.orTell(status, redis.hget(status, REMOVED), "");
      return Number(/^\d+$/.exec(count ?? "")?.[0] ?? 0);
    },
    page: (after, limit) => range(after === null ? "-" : `(${after}`, "+", limit),
    get: async (id) => (await range(id, id, 1))[0] ?? null,
    lastId: async () => (await redis.xrevrange(key, "+", "-", "COUNT", 1))[0]?.[0] ?? null,
    replace: async (entry, reason) => {
      await redis
        .multi()
        .xadd(key, "*", ...writeEntry({ ...entry, reason }, entry.bytes))
        .xdel(key, entry.id)
        .exec();
    },
    remove: (ids) => (ids.length === 0 ? Promise.resolve(0) : redis.xdel(key, ...ids)),
    removeBefore: (at) => redis.xtrim(key, "MINID", `${Math.max(0, at)}-0`),
  };
  return translateErrors(rejected, asUpstream);
}

/** In their order; one command of many megabytes would hold up everybody else's. */
function inPieces(entries: readonly NewRejected[]): readonly (readonly NewRejected[])[] {
  const pieces: NewRejected[][] = [];
  let bytes = Infinity;
  for (const entry of entries) {
    if (bytes > MOST_AT_ONCE_BYTES) {
      pieces.push([]);
      bytes = 0;
    }
    pieces.at(-1)?.push(entry);
    bytes += keptBytes(entry);
  }
  return pieces;
}

function keptBytes({ body }: NewRejected): number {
  return Math.min(body.length, WHOLE_BYTES);
}

/** Told what was added, removes the oldest where all would be too many, or take too much. Throws what Redis throws. */
function boundsOf({ redis, keys, strangers }: RedisConnection): (entries: readonly NewRejected[]) => Promise<void> {
  const [key, status] = [keys.rejected, keys.control("status")];
  // Whoever begins does not know what is there.
  let [added, addedBytes] = [Infinity, 0];
  async function bound(): Promise<void> {
    for (let length = await redis.xlen(key); length > 1; length = await redis.xlen(key)) {
      const isMany = length + LOOK_AFTER > MOST_REJECTED;
      if (!isMany && (await streamBytes(redis, key, WHOLE_BYTES)) + SPARE_BYTES <= MOST_STREAM_BYTES) return;
      const gone = await redis.xtrim(key, "MAXLEN", length - Math.ceil(length / TRIMMED_PART));
      await strangers.orTell(status, redis.hincrby(status, REMOVED, gone), 0);
      const most = isMany
        ? `would have more than ${MOST_REJECTED} messages`
        : `would take more than ${MOST_STREAM_BYTES / 1024 / 1024} MiB`;
      const why = `${most}: the oldest messages in it are removed, and no more heard`;
      strangers.tell(`${key} bytes`, `redis: ${key} ${why}: clean-amis rejected says how many, and shows what is left`);
    }
  }
  return async (entries) => {
    added += entries.length;
    for (const entry of entries) addedBytes += keptBytes(entry);
    if (added < LOOK_AFTER && addedBytes < LOOK_AFTER_BYTES) return;
    [added, addedBytes] = [0, 0];
    try {
      await bound();
    } catch (error) {
      added = Infinity;
      throw error;
    }
  };
}

/**
 * What tells a message from all others: id, topic and what it says, however that is written. The bus and the archive give the
 * same JSON with other blanks.
 */
function fingerprintOf({ messageId, topic, body }: NewRejected): string {
  return createHash("sha256").update(`${messageId}\n${topic}\n`).update(sameFor(body)).digest("base64url");
}

/** What is the same for each form that one body has in JSON. */
function sameFor(body: Buffer): string | Buffer {
  if (body.length > MOST_READ_BYTES) return body;
  try {
    return writePythonJson(parsePythonJson(body.toString()));
  } catch {
    // No JSON, or one that is nested too deeply: its bytes say what it is.
    return body;
  }
}

/** As the script takes it. */
function writeNew(entry: NewRejected): (string | number | Buffer)[] {
  const fields = writeEntry(entry, entry.body.length);
  return [fingerprintOf(entry), fields.length, ...fields];
}

function writeEntry({ body, reason, messageId, topic, sentAt, at }: NewRejected, bytes: number): (string | Buffer)[] {
  return [
    ...["reason", reason, "message_id", messageId, "topic", topic, "when", formatInstant(at)],
    ...(sentAt === "" ? [] : ["sent_at", sentAt]),
    ...["bytes", String(bytes), "body", body.subarray(0, WHOLE_BYTES)],
  ];
}

/** What somebody else wrote into the stream is read as far as it goes. */
function readEntry(id: Buffer, flat: readonly Buffer[]): RejectedMessage {
  const fields = new Map<string, Buffer>();
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const [name, value] = [flat[index], flat[index + 1]];
    if (name !== undefined && value !== undefined) fields.set(name.toString(), value);
  }
  const text = (name: string): string => fields.get(name)?.toString() ?? "";
  const body = fields.get("body") ?? Buffer.alloc(0);
  const bytes = /^\d{1,15}$/.test(text("bytes")) ? Number(text("bytes")) : body.length;
  const writtenAt = Number(id.toString().split("-")[0]);
  return {
    id: id.toString(),
    body,
    bytes,
    reason: text("reason"),
    messageId: text("message_id"),
    topic: text("topic"),
    sentAt: text("sent_at"),
    at: parseInstant(text("when")) ?? writtenAt,
  };
}
