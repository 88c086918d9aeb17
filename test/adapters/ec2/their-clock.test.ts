import type { STSClient } from "@aws-sdk/client-sts";
import t, { type Test } from "tap";
import { systemClock } from "../../../src/adapters/clock.ts";
import { openImages } from "../../../src/adapters/ec2/images.ts";
import { TheirClock } from "../../../src/adapters/ec2/their-clock.ts";
import { startEc2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { DAY_MS, SECOND_MS } from "../../../src/domain/time.ts";
import { silentLog } from "../../support/run/log.ts";
import { ACCOUNT } from "../../support/world/image.ts";
import { REGION } from "../../support/world/world.ts";

async function open(t: Test) {
  const simulator = await startEc2Simulator({ accounts: { AKIDTEST: { id: ACCOUNT } } });
  const credentials = { accessKeyId: "AKIDTEST", secretAccessKey: "secret" };
  const options = { endpoint: simulator.url, role: null, share: 1, log: silentLog, clock: systemClock };
  const images = openImages({ ...options, credentials, random: () => 1 });
  t.teardown(async () => {
    images.close();
    await simulator.close();
  });
  const tell = (offMs: number): void => {
    simulator.tellTime(() => Date.now() + offMs);
  };
  return { images, tell };
}

const APART = { name: "UpstreamError", code: "clock-skew", scope: "account", message: /this machine's clock and AWS'/ };

for (const [what, offMs, isTaken] of [
  ["half a minute behind AWS'", 30 * SECOND_MS, true],
  ["half a minute ahead of AWS'", -30 * SECOND_MS, true],
  ["asked of an AWS that tells no time", NaN, true],
  ["two minutes behind AWS'", 120 * SECOND_MS, false],
  ["two minutes ahead of AWS'", -120 * SECOND_MS, false],
  ["a month behind AWS'", 30 * DAY_MS, false],
  ["a month ahead of AWS'", -30 * DAY_MS, false],
] as const)
  t.test(`by a clock that is ${what} ${isTaken ? "images are acted on" : "nothing is acted on"}`, async (t) => {
    const { images, tell } = await open(t);
    tell(offMs);
    if (isTaken) t.equal(await images.account(), ACCOUNT);
    else await t.rejects(images.account(), APART);
  });

t.test("a region whose own clock is wrong does not speak for the account", async (t) => {
  const theirClock = new TheirClock();
  const [sts, region] = [0, 30 * DAY_MS].map((offMs) => {
    const date = new Date(Date.now() + offMs).toUTCString();
    const requestHandler = { handle: () => Promise.resolve({ response: { headers: { date } } }) };
    return { requestHandler, client: theirClock.watch({ config: { requestHandler } } as unknown as STSClient) };
  });
  await sts?.requestHandler.handle();
  // Comes while what STS has said is still read.
  await region?.requestHandler.handle();
  t.equal(theirClock.isOurs(), false, "STS is asked again");
  t.doesNotThrow(() => {
    theirClock.check(sts?.client as STSClient);
  });
  t.throws(() => {
    theirClock.check(region?.client as STSClient);
  }, APART);
});

t.test("a clock that jumps stops what was going on, and lets it go on when it came back", async (t) => {
  const { images, tell } = await open(t);
  t.equal(await images.account(), ACCOUNT);
  tell(-30 * DAY_MS);
  await images.isWayBackOpen(REGION);
  await t.rejects(images.account(), APART, "what was known before is not believed");
  await t.rejects(images.account(true), APART);
  tell(0);
  t.equal(await images.account(), ACCOUNT);
});
