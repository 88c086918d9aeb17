import { forSeveral, unlessAbandoned } from "../abandon.ts";

/**
 * The same question, asked once for all who ask it in one turn of the event loop: it goes out when the last of them has asked, so
 * that no answer is older than its question. Whose work is given up waits no more, and takes nobody else's answer with it.
 */
export function onceATurn<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | null = null;
  const askOnce = (): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      process.nextTick(() => {
        asked = null;
        ask().then(resolve, reject);
      });
    });
  return () => unlessAbandoned(() => (asked ??= forSeveral(askOnce)));
}
