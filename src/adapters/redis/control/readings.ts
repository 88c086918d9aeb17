import type { RedisConnection } from "../connection.ts";
import type { ControlLease } from "../lease.ts";
import { loadScript } from "../script.ts";
import { formatInstant, parseInstant } from "../../../domain/time.ts";
import { lostReading } from "../../../errors.ts";
import type { HearingLease, HearingMemory, Reading, ReadingName } from "../../../ports/messages.ts";

const read = loadScript("control/read");

type Connection = Pick<RedisConnection, "redis" | "keys" | "strangers">;

/** Where a reading stands, as somebody wrote it down; null: nothing is begun, or it cannot be read, and begins anew. */
export async function readingOf({ redis, keys, strangers }: Connection, name: ReadingName): Promise<Reading | null> {
  const key = keys.control(`ears:${name}`);
  const hash: Readonly<Record<string, string>> = await strangers.orTell(key, redis.hgetall(key), {});
  const [start, end] = [parseInstant(hash["start"] ?? ""), parseInstant(hash["end"] ?? "")];
  const { run_id: runId, next = "" } = hash;
  return start === null || end === null || !runId || !/^\d{1,6}$/.test(next)
    ? null
    : { start, end, runId, next: Number(next) };
}

/** What may be written down while the lease lasts, each in one step. */
export function hearingLease({ redis, keys }: Connection, lease: ControlLease): HearingLease {
  const write = async (name: ReadingName, reading: Reading, next: string, rest: readonly string[]): Promise<void> => {
    const all = [keys.control("ears:lease"), keys.control(`ears:${name}`), keys.control("ears")];
    const { runId, start, end } = reading;
    const written = await read(redis, all, [
      ...[lease.token, runId, formatInstant(start), formatInstant(end)],
      ...[next, ...rest],
    ]);
    if (written === 0) throw lease.lost();
    if (written !== 1) throw lostReading();
  };
  return {
    begin: (name, reading) => write(name, reading, "", [String(reading.next)]),
    advance: async (name, reading) => {
      const further = { ...reading, next: reading.next + 1 };
      await write(name, reading, String(reading.next), [String(further.next)]);
      return further;
    },
    finish: (name, reading, memory) => {
      const next = String(reading.next);
      return write(name, reading, next, [next, ...fieldsOf(memory)]);
    },
    end: () => lease.end(),
  };
}

function fieldsOf({ heardUntil, runId, wholeAt }: Partial<HearingMemory>): string[] {
  return [
    ...(heardUntil == null ? [] : ["heard_until", formatInstant(heardUntil)]),
    ...(runId == null ? [] : ["run_id", runId]),
    ...(wholeAt == null ? [] : ["whole_at", formatInstant(wholeAt)]),
  ];
}
