import type { Test } from "tap";
import { redisPulse } from "../../../src/adapters/redis/control/pulse.ts";
import { held } from "../../../src/domain/image/holding.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { rememberHeard } from "../servers/redis/redis.ts";
import { addNightly, openWorld, START, UPLOADER, type World } from "../world/world.ts";

/** The data set that the docs speak of: a life of three nightlies, a release, a hold, and an empty message. */
export async function schedule(t: Test): Promise<World> {
  const world = await openWorld(t);
  const [first, second, third] = [addNightly(world, 1), addNightly(world, 2), addNightly(world, 3)];
  const ga = { compose_id: "Fedora-43-20261120.0", compose_type: "production", compose_label: "RC-1.6" };
  await world.hear("pungi.compose.status.change", { ...ga, status: "FINISHED" });
  await world.hear(UPLOADER, first.message);
  world.clock.advance(DAY_MS);
  await world.hear(UPLOADER, second.message);
  await world.hear(UPLOADER, { ...ga, image_name: "x", regions: { "us-east-1": "ami-000000000000000aa" } });
  world.clock.advance(4 * DAY_MS);
  await world.tick();
  await world.report();
  world.clock.advance(DAY_MS);
  await world.tick();
  await world.report();
  await world.hear(UPLOADER, third.message);
  await world.hear(UPLOADER, { ...third.message, regions: { "eu-west-1": third.amiId } });
  const image = await world.ticker.schedule.get("eu-west-1", third.amiId);
  if (image === null) throw new Error("the image to hold is not there");
  const hold = { by: "relengbot", why: "bisecting a kernel bug", since: world.clock.now(), until: START + 30 * DAY_MS };
  const change = held(hold, "public");
  await world.ticker.schedule.change(image, { ...change, wait: { queue: "held", wakeAt: hold.until } });
  await world.hear(UPLOADER, {});
  const now = world.clock.now();
  await rememberHeard(world.connection, now);
  await redisPulse(world.connection).beat("releng01-5f0c2a9d", now, { tick: now, message: now, notice: now });
  return world;
}
