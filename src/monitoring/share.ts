import type { Answer } from "./answer.ts";
import type { Asked, Route } from "./routes.ts";

interface SharedRoute extends Route {
  readonly answer: (asked: Asked) => Promise<Answer>;
}

interface UnderWay {
  readonly since: number;
  readonly answer: Promise<Answer>;
}

/** Nobody waits for an answer longer; one that never comes must not keep those who ask later from theirs. */
const LONGEST_MS = 5_000;

/** Whoever asks for what is being made already gets the same: a crowd that asks at once costs as much as one. */
export function shared(route: Route, longestMs = LONGEST_MS): SharedRoute {
  const underWay = new Map<string, UnderWay>();
  const answer = (asked: Asked): Promise<Answer> => {
    const key = JSON.stringify([asked.words, asked.query.toString()]);
    const now = performance.now();
    const found = underWay.get(key);
    if (found !== undefined && now - found.since < longestMs) return found.answer;
    const begun = { since: now, answer: Promise.resolve().then(() => route.answer(asked)) };
    underWay.set(key, begun);
    const forget = (): void => {
      if (underWay.get(key) === begun) underWay.delete(key);
    };
    begun.answer.then(forget, forget);
    return begun.answer;
  };
  return { ...route, answer };
}
