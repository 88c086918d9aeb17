import { setTimeout as pause } from "node:timers/promises";
import type { CuttableProxy } from "../../servers/proxy.ts";
import { fault, OUTAGE_MS, type Fault } from "../fault.ts";

/** Each way takes so long; a look at one image asks Redis some twenty times. */
const SLOW_MS = 150;
const RESETS = 6;

/** What a network does to the way to a server, for a while. */
const TROUBLES: readonly (readonly [string, (proxy: CuttableProxy) => Promise<void>])[] = [
  [
    "is cut",
    async (proxy) => {
      proxy.cut();
      await pause(OUTAGE_MS);
      proxy.mend();
    },
  ],
  [
    "is half open",
    async (proxy) => {
      proxy.stall();
      await pause(2 * OUTAGE_MS);
      proxy.resume();
    },
  ],
  [
    "is slow",
    async (proxy) => {
      proxy.slow(SLOW_MS);
      await pause(2 * OUTAGE_MS);
      proxy.slow(0);
    },
  ],
  [
    "is reset again and again",
    async (proxy) => {
      for (let count = 0; count < RESETS; count += 1) {
        proxy.reset();
        await pause(OUTAGE_MS / RESETS);
      }
    },
  ],
];

export const OF_NETWORK: readonly Fault[] = TROUBLES.flatMap(([trouble, play]) => [
  fault(`the way to the broker ${trouble}`, ({ amqpProxy }) => play(amqpProxy)),
  fault(`the way to Redis ${trouble}`, ({ redisProxy }) =>
    redisProxy === null ? Promise.reject(new Error("there are several")) : play(redisProxy),
  ),
]);
