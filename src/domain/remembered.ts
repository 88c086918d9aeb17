/** Longer texts are not kept: whoever sends them may send many. */
const LONGEST_KEY = 256;

/**
 * The same pure function, which knows its answers to what it was asked last, `most` at a time: the messages of an hour name few
 * topics, instants and composes, and name them again and again. What throws is not kept.
 */
export function remembered<Key extends string | number, T>(most: number, work: (key: Key) => T): (key: Key) => T {
  const answers = new Map<Key, T>();
  return (key) => {
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = work(key);
    if (typeof key === "string" && key.length > LONGEST_KEY) return answer;
    if (answers.size >= most) answers.clear();
    answers.set(key, answer);
    return answer;
  };
}
