import { setTimeout } from "node:timers/promises";
import { CREDENTIALS, NO_LIMIT } from "./drained.ts";
import { addNightlies, nightlies } from "./filling.ts";
import { ACCOUNT, log, openOurs } from "./ours.ts";
import type { Bench, Figure } from "../figure.ts";
import { systemClock } from "../../../adapters/clock.ts";
import { openImages } from "../../../adapters/ec2/images.ts";
import { DAY_MS, SECOND_MS } from "../../../domain/time.ts";
import { startEc2Simulator } from "../../outside/ec2/simulator.ts";

const REGION = "us-east-1";
/** A whole claim. */
const IMAGES = 50;

/** How many calls of EC2 an image takes, from the double's journal; what is asked for a whole claim counts by its share. */
export const calls: Bench = {
  name: "calls",
  figures: async (scene) => {
    await scene.redis.flushall();
    const simulator = await startEc2Simulator({ accounts: { [CREDENTIALS.accessKeyId]: { id: ACCOUNT } } });
    const options = { endpoint: simulator.url, credentials: CREDENTIALS, role: null, share: NO_LIMIT };
    const ec2 = openImages({ ...options, clock: systemClock, log });
    const ours = await openOurs(scene, "bench-calls", ec2);
    const stretch = { from: 0, to: IMAGES, at: Date.now() - 6 * DAY_MS, regions: [REGION] };
    await addNightlies(ours.schedule, stretch);
    for (const { amiId: id, imageName: name, uploadedAt: createdAt } of nightlies(stretch))
      simulator.addImage(REGION, { id, name, createdAt, snapshots: [{ isPublic: true }, { isPublic: true }] });
    const counted = async (work: () => Promise<unknown>): Promise<number> => {
      const before = simulator.journal.entries.length;
      await work();
      return (simulator.journal.entries.length - before) / IMAGES;
    };
    const made = await counted(() => ours.workOff("private"));
    // Its tag tells the second after it was made private, and by that it must be old enough.
    await setTimeout(SECOND_MS);
    const now = Date.now();
    const event = { what: "noticed", at: now, who: "bench", why: "", details: {} } as const;
    for await (const page of ours.schedule.live(REGION))
      for (const image of page) await ours.schedule.notice(image, now, now - DAY_MS, event);
    const deleted = await counted(() => ours.workOff("delete"));
    const left = simulator.snapshots(REGION).length;
    await ours.close();
    ec2.close();
    await simulator.close();
    if (left > 0) throw new Error(`${left} snapshots are left`);
    return [countOf("made private", made, 8), countOf("deleted", deleted, 4)];
  },
};

function countOf(what: string, count: number, atMost: number): Figure {
  const ours = Math.round(count * 100) / 100;
  return {
    what: `EC2 calls for an image ${what}, with 2 snapshots`,
    against: "nothing",
    unit: "calls",
    goal: { atMost },
    ...{ ratio: ours, ours, theirs: NaN },
  };
}
