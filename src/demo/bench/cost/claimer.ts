import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { openSchedule, PERIODS } from "./scheduling.ts";

/** A ticker that only claims what is due, in all regions, batch for batch, as soon as it is told to. */
const BATCH = 50;
const [url = "", prefix = ""] = process.argv.slice(2);
const { schedule, close } = await openSchedule(url, prefix);
const regions = await schedule.regions();
console.log("ready");
await once(process.stdin, "data");
const now = Date.now();
const until = now + PERIODS.leaseMs;
await Promise.all(
  regions.map(async (region) => {
    let claimed: readonly unknown[] = [];
    // A token of its own for each claim: asked with the same one, Redis gives the same images.
    do claimed = await schedule.claim(region, "private", { now, until, token: randomUUID() }, BATCH);
    while (claimed.length > 0);
  }),
);
await close();
process.stdin.destroy();
