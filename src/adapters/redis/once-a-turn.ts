import { forSeveral, unlessAbandoned } from "../abandon.ts";

/**
 * The same question, asked once for all who ask it about the same in one turn of the event loop: it goes out when the last of them
 * has asked, so that no answer is older than its question. Whose work is given up waits no more, and takes nobody else's answer
 * with it.
 */
export function onceATurnEach<About, T>(ask: (about: About) => Promise<T>): (about: About) => Promise<T> {
  const asked = new Map<About, Promise<T>>();
  const askOnce = (about: About): Promise<T> => {
    const answer = new Promise<T>((resolve, reject) => {
      process.nextTick(() => {
        asked.delete(about);
        ask(about).then(resolve, reject);
      });
    });
    asked.set(about, answer);
    return answer;
  };
  return (about) => unlessAbandoned(() => asked.get(about) ?? forSeveral(() => askOnce(about)));
}

/** `onceATurnEach` for a question that is about one thing alone. */
export function onceATurn<T>(ask: () => Promise<T>): () => Promise<T> {
  const askOnce = onceATurnEach<null, T>(ask);
  return () => askOnce(null);
}
