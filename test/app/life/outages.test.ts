import t from "tap";
import { Outages } from "../../../src/app/life/outages.ts";
import { MINUTE_MS } from "../../../src/domain/time.ts";
import { FOREIGN, RefusedError, UpstreamError } from "../../../src/errors.ts";
import { silentLog } from "../../support/run/log.ts";
import { SettableClock } from "../../support/world/clock.ts";
import { START } from "../../support/world/world.ts";

/** What is told, a line each, with the pass that it names. */
function openOutages(): { readonly outages: Outages; readonly told: string[]; readonly clock: SettableClock } {
  const told: string[] = [];
  const say =
    (level: string) =>
    (data: object, words: string): void => {
      const { pass, failures } = data as { readonly pass: string; readonly failures: number };
      told.push(`${level} ${words}: ${pass}, ${failures}`);
    };
  const clock = new SettableClock(START);
  return { outages: new Outages({ clock, log: { ...silentLog, warn: say("warn"), info: say("info") } }), told, clock };
}

const away = new UpstreamError("redis", "unreachable", "redis: connection lost");
const LOOPS = ["heartbeat", "orders", "ticker", "reporter", "ticker us-east-1", "ticker eu-west-1"];

t.test("a Redis that is away for a day is told once by all loops and regions together, and so is its end", (t) => {
  const { outages, told, clock } = openOutages();
  for (let round = 0; round < 1000; round += 1) {
    for (const loop of LOOPS) outages.failed(loop, away);
    clock.advance(MINUTE_MS);
  }
  t.same(told, ["warn a pass failed, trying again: heartbeat, 1"]);
  for (const loop of LOOPS) outages.wentWell(loop);
  for (const loop of LOOPS) outages.wentWell(loop);
  t.same(told.slice(1), [`info what failed goes well again: ticker eu-west-1, ${1000 * LOOPS.length}`]);
  outages.failed("orders", away);
  t.equal(told.length, 3, "the next one is told again");
  t.end();
});

t.test("what fails in one region, or of one key, is an outage of its own", (t) => {
  const { outages, told } = openOutages();
  const inEc2 = new UpstreamError("ec2", "Unavailable", "EC2 is away");
  const key = (name: string): RefusedError => new RefusedError("redis", FOREIGN, `redis: ${name} is another's`);
  for (let round = 0; round < 3; round += 1) {
    outages.failed("ticker us-east-1", inEc2);
    outages.failed("ticker eu-west-1", inEc2);
    outages.failed("orders", key("a"));
    outages.failed("heartbeat", key("b"));
    outages.failed("reporter", new UpstreamError("pagure", "HTTP_503", "away"));
    outages.failed("comments", new UpstreamError("pagure", "HTTP_503", "away"));
  }
  t.equal(told.length, 5);
  outages.wentWell("ticker us-east-1");
  outages.wentWell("reporter");
  t.same(told.slice(5), ["info what failed goes well again: ticker us-east-1, 3"], "the comments are not read yet");
  t.end();
});
