import t, { type Test } from "tap";
import { readSlice } from "../../src/hear/backfill.ts";
import type { ArchivedMessage } from "../../src/ports/index.ts";
import { openWorld, START } from "../support/world/world.ts";

/** As many as are worked together. */
const BATCH = 100;
const SLICE = { phase: "uploads", start: START, end: START + 1 } as const;

/** Rows that are no messages: each is kept as rejected. */
function* oddRows(from: number): Generator<ArchivedMessage> {
  for (let number = from; number < from + BATCH; number += 1)
    yield { topic: "", messageId: String(number), headers: {}, body: Buffer.from("{}"), arrivedAt: START };
}

/** A reader whose rows are `rows`, and who keeps them by `add`. */
async function openReader(t: Test, rows: () => AsyncGenerator<ArchivedMessage>, add: () => Promise<boolean>) {
  const { ingester } = await openWorld(t);
  return { archive: { messages: rows }, ingester: { ...ingester, rejected: { ...ingester.rejected, add } } };
}

t.test("while a batch is worked the next one is read, and no more than that", async (t) => {
  let asked = 0;
  /** How many batches were asked for, and not worked yet, when the work on each was done. */
  const ahead: number[] = [];
  let secondAsked = (): void => undefined;
  const isSecondAsked = new Promise<void>((resolve) => (secondAsked = resolve));
  const rows = async function* (): AsyncGenerator<ArchivedMessage> {
    for (let number = 0; number < 4; number += 1) {
      asked += 1;
      if (number === 1) secondAsked();
      yield* await Promise.resolve(oddRows(number * BATCH));
    }
  };
  const reader = await openReader(t, rows, async () => {
    await isSecondAsked;
    return true;
  });
  const counts = await readSlice(SLICE, reader, ({ messageId }) => {
    if (Number(messageId) % BATCH === 0) ahead.push(asked - ahead.length);
  });
  t.equal(counts.rejected, 4 * BATCH);
  t.equal(ahead[0], 2);
  t.ok(
    ahead.every((batches) => batches <= 2),
    String(ahead),
  );
});

t.test("what was read before the archive failed is worked, and then it is told", async (t) => {
  let kept = 0;
  const rows = async function* (): AsyncGenerator<ArchivedMessage> {
    yield* oddRows(0);
    await Promise.reject(new Error("the archive is away"));
  };
  const reader = await openReader(t, rows, () => Promise.resolve((kept += 1) > 0));
  await t.rejects(readSlice(SLICE, reader), /the archive is away/);
  t.equal(kept, BATCH);
});

t.test("where the work fails nothing more is asked of the archive", async (t) => {
  let [asked, isEnded] = [0, false];
  const rows = async function* (): AsyncGenerator<ArchivedMessage> {
    try {
      for (; ; asked += 1) yield* await Promise.resolve(oddRows(asked * BATCH));
    } finally {
      isEnded = true;
    }
  };
  const reader = await openReader(t, rows, () => Promise.reject(new Error("redis is away")));
  await t.rejects(readSlice(SLICE, reader), /redis is away/);
  await new Promise((resolve) => setImmediate(resolve));
  t.match([asked, isEnded], [1, true], "but for what was asked already");
});
