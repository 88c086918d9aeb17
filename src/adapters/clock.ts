import { wantedSignal } from "./abandon.ts";
import type { Clock } from "../ports/index.ts";

/** The longest timer that Node has (`TIMEOUT_MAX` in lib/internal/timers.js); a longer one would end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's own clock. A sleep ends as well when the work that it belongs to is given up. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const signals = [signal, wantedSignal()].filter((each) => each !== undefined);
      if (signals.some(({ aborted }) => aborted)) {
        resolve();
        return;
      }
      const end = (): void => {
        clearTimeout(timer);
        for (const each of signals) each.removeEventListener("abort", end);
        resolve();
      };
      let timer = startTimer(ms);
      for (const each of signals) each.addEventListener("abort", end);

      function startTimer(leftMs: number): NodeJS.Timeout {
        const pieceMs = Math.min(leftMs, LONGEST_TIMER_MS);
        return setTimeout(() => {
          if (leftMs <= pieceMs) end();
          else timer = startTimer(leftMs - pieceMs);
        }, pieceMs);
      }
    }),
};
