import { EventEmitter } from "node:events";
import { nightlies } from "./filling.ts";
import { CREDENTIALS, REGIONS_AT_ONCE } from "./drained.ts";
import { ACCOUNT } from "./ours.ts";
import { startEc2Simulator } from "../../outside/ec2/simulator.ts";

/**
 * An EC2 in a process of its own, which answers after so many milliseconds, with so many nightlies that were uploaded at an instant.
 * Prints its address.
 */
const [ms = 0, count = 0, at = 0] = process.argv.slice(2).map(Number);
// Each answer that is late listens for the end.
EventEmitter.defaultMaxListeners = 0;
const simulator = await startEc2Simulator({ accounts: { [CREDENTIALS.accessKeyId]: { id: ACCOUNT } } });
for (const image of nightlies({ from: 0, to: count, at, regions: REGIONS_AT_ONCE }))
  simulator.addImage(image.region, {
    ...{ id: image.amiId, name: image.imageName, createdAt: image.uploadedAt },
    snapshots: [{ isPublic: true }, { isPublic: true }].map((snapshot, index) => ({
      ...snapshot,
      id: `snap-${index}${image.amiId.slice(5)}`,
    })),
  });
simulator.faults.add({ kind: "delay", ms, times: Infinity });
console.log(simulator.url);
process.once("SIGTERM", () => void simulator.close());
