import t from "tap";
import { balanceOf, WRONGS } from "../../support/soak/balance/balance.ts";
import { Stage } from "../../support/soak/stage.ts";
import { linesOf } from "../../support/soak/balance/tell.ts";
import { VirtualTime } from "../../support/soak/time.ts";
import { live, START, type Size } from "../../support/soak/year.ts";

/** `npm run soak` lives a year; 25 days have the same in them, in the same order. */
const SIZE: Size = {
  days: 25,
  regions: 2,
  copies: 1,
  images: 1,
  passesADay: 2,
  seed: Number(process.env["SOAK_SEED"] ?? 20261127),
};

t.setTimeout(600_000);

t.test("25 days of Fedora, with all that goes wrong in a year, end in a balance", async (t) => {
  const time = VirtualTime.begin(START);
  t.teardown(() => {
    time.end();
  });
  const stage = await Stage.open(t, time);
  const lived = await live(stage, SIZE, () => undefined);
  const balance = balanceOf(stage, lived);
  for (const line of linesOf({ size: SIZE, lived, balance })) t.comment(line);
  for (const name of WRONGS) t.same(balance.wrong[name].slice(0, 10), [], name);
  const { published, acted, kept, waiting, held } = balance;
  t.equal(acted + kept + waiting + held, published, "deleted, kept, waiting and held are all that was published");
  t.ok(Math.min(acted, kept, waiting, lived.complaints) > 0, "and there were some of each");
  t.equal(lived.rejected, lived.rubbish, "what nobody can understand is among the rejected, once");
});
