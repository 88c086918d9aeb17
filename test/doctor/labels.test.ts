import t from "tap";
import { redisSchedule } from "../../src/adapters/redis/images/schedule.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import { complaintsOf, openInstallation } from "../support/program/installation.ts";
import { addDue } from "../support/program/listing.ts";
import { SettableClock } from "../support/world/clock.ts";
import { PERIODS } from "../support/world/world.ts";

t.test("images that wait for a label's confirmation for more than a day are told", async (t) => {
  const place = await openInstallation(t);
  const { connection } = place;
  const schedule = redisSchedule(connection, new SettableClock(0), PERIODS);
  const refuse = async (region: string, lastError: string): Promise<void> => {
    const [amiId = ""] = await addDue(connection, region, [Date.now()], "Fedora-Cloud-43-20260603.0");
    const image = await schedule.get(region, amiId);
    if (image === null) throw new Error(`no ${amiId}`);
    await schedule.change(image, {
      stage: "public",
      wait: { queue: "private", wakeAt: Date.now() },
      fields: { lastError },
      event: null,
    });
  };
  await refuse("us-east-1", "in-use: it is used by i-0123456789abcdef0");
  t.same(await complaintsOf(place), [], "what is refused for another reason is not theirs");
  await refuse("us-east-1", "unanswered: its label has to be confirmed, and not yet heard of it: composeinfo");
  t.same(await complaintsOf(place), [
    "warning labels: 1 image has waited for more than a day for a source to confirm the label, public until then: clean-amis queue --refused names them: see what the sources answer for their composes, such as 403 or a page for robots",
  ]);
  await refuse("eu-west-1", "unanswered: its label has to be confirmed, and not yet heard of it: composeinfo");
  t.match(await complaintsOf(place), [/^warning labels: 2 images have waited/]);
});

t.test("images that wait for more than a day to be decided are told", async (t) => {
  const place = await openInstallation(t);
  const decision = { kind: "unresolved", missing: "label", reason: "the compose's label is not known yet" } as const;
  const schedule = redisSchedule(place.connection, new SettableClock(0), PERIODS);
  for (const [number, daysAgo] of [0, 0.9, 1.1, 13].entries()) {
    const image = { region: "us-east-1", amiId: `ami-0000000000000000${number}`, composeId: "Fedora-43-20260603.0" };
    const uploadedAt = Date.now() - daysAgo * DAY_MS;
    await schedule.add({ ...image, imageName: "x", arch: "x86_64", uploadedAt }, decision, "test");
  }
  t.match(await complaintsOf(place), [
    /^warning labels: 2 images have waited .* to tell what the compose is, public until then: clean-amis queue --stage unr/,
  ]);
});
