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
const lease = { now, until: now + PERIODS.leaseMs, token: String(process.pid) };
await Promise.all(
  regions.map(async (region) => {
    while ((await schedule.claim(region, "private", lease, BATCH)).length > 0);
  }),
);
await close();
process.stdin.destroy();
