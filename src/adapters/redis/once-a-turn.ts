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

/** Who waits for an answer about something. */
interface Waiting<About, T> {
  readonly about: About;
  readonly resolve: (answer: T) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * What is asked about different things in one turn of the event loop, asked together when the last of them has come; the answers come
 * in the order of the things.
 */
export function togetherATurn<About, T>(
  ask: (all: readonly About[]) => Promise<readonly T[]>,
): (about: About) => Promise<T> {
  let waiting: Waiting<About, T>[] = [];
  const send = (): void => {
    const all = waiting;
    waiting = [];
    ask(all.map(({ about }) => about)).then(
      (answers) => {
        for (const [index, { resolve }] of all.entries()) resolve(answers[index] as T);
      },
      (error: unknown) => {
        for (const { reject } of all) reject(error);
      },
    );
  };
  const join = (about: About): Promise<T> =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) process.nextTick(send);
      waiting.push({ about, resolve, reject });
    });
  return (about) => unlessAbandoned(() => forSeveral(() => join(about)));
}
