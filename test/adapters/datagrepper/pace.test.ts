import t from "tap";
import { DAY_MS } from "../../../src/domain/time.ts";
import { collect, DAY, NOW, open, rows, start } from "../../support/outside/datagrepper.ts";
import { SettableClock } from "../../support/world/clock.ts";

const WHOLE_DAY = { categories: ["fedimg"], start: DAY, end: DAY + DAY_MS };

t.test("a page is asked for when the one before was taken, and no further one after the reader has left", async (t) => {
  const double = await start(t, { messages: rows(250, (number) => DAY + number * 1000) });
  let taken = 0;
  for await (const message of open(double).messages(WHOLE_DAY)) {
    t.equal(message.messageId, `id-${taken}`);
    taken += 1;
    if (double.journal.length !== Math.ceil(taken / 100))
      t.fail(`${double.journal.length} calls for ${taken} messages`);
    if (taken === 150) break;
  }
  t.equal(double.journal.length, 2);
});

t.test("calls keep their distance, those of two readers together, and a clock set back holds nothing up", async (t) => {
  const double = await start(t, { messages: rows(250, (number) => DAY + number * 1000) });
  const clock = new SettableClock(NOW);
  const archive = open(double, { clock, ratePerSecond: 2 });
  await Promise.all([collect(archive.messages(WHOLE_DAY)), collect(archive.messages(WHOLE_DAY))]);
  t.equal(double.journal.length, 8);
  t.ok(clock.now() - NOW >= 3_500, "eight calls at two a second");
  clock.advance(-DAY_MS);
  const before = clock.now();
  await collect(archive.messages(WHOLE_DAY));
  t.ok(clock.now() - before <= 62_000);
});
