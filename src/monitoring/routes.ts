import { Problem, type Answer } from "./answer.ts";

/** What was asked of a route: the words in its path by their names, and the query. */
export interface Asked {
  readonly words: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

/** A path such as `/api/v1/images/{region}/{ami}`, and who answers for it. Whoever answers checks each word. */
export interface Route {
  readonly path: string;
  /** The names that the query may have; another one is refused. */
  readonly parameters: readonly string[];
  readonly answer: (asked: Asked) => Promise<Answer> | Answer;
}

const LONGEST_WORD = 200;

/**
 * Finds the route of an address and checks the form of what is asked: nothing that is not text of a reasonable length, given once,
 * goes further. Throws `Problem`: 400, 404.
 */
export function findRoute(routes: readonly Route[], target: string): { readonly route: Route; readonly asked: Asked } {
  const cut = target.indexOf("?");
  const path = cut < 0 ? target : target.slice(0, cut);
  const query = new URLSearchParams(cut < 0 ? "" : target.slice(cut + 1));
  const parts = path.split("/");
  for (const route of routes) {
    const words = wordsOf(route.path.split("/"), parts);
    if (words === null) continue;
    checkQuery(query, route.parameters);
    return { route, asked: { words, query } };
  }
  throw new Problem(404, "Not Found", "there is no such page here: / leads to what there is");
}

function wordsOf(pattern: readonly string[], parts: readonly string[]): Record<string, string> | null {
  if (pattern.length !== parts.length) return null;
  const words: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const given = parts[index] ?? "";
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) {
      if (part !== given) return null;
    } else words[name] = decoded(given, name);
  }
  return words;
}

function decoded(part: string, name: string): string {
  let word: string;
  try {
    word = decodeURIComponent(part);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new Problem(400, "Bad Request", `${name}: it is not UTF-8 in per cent signs`);
  }
  checkText(name, word);
  return word;
}

function checkQuery(query: URLSearchParams, known: readonly string[]): void {
  for (const [name, value] of query) {
    if (!known.includes(name)) {
      const list = known.length === 0 ? "no parameters" : known.join(", ");
      const shown = /^\w{1,30}$/.test(name) ? name : "a parameter";
      throw new Problem(400, "Bad Request", `${shown}: it is not known here; this page takes ${list}`);
    }
    if (query.getAll(name).length > 1) throw new Problem(400, "Bad Request", `${name}: give it once`);
    checkText(name, value);
  }
}

function checkText(name: string, text: string): void {
  if (text.length > LONGEST_WORD) throw new Problem(400, "Bad Request", `${name}: at most ${LONGEST_WORD} characters`);
  if (/[\p{Cc}\p{Cs}\p{Co}\p{Cn}\ufffd]/u.test(text))
    throw new Problem(400, "Bad Request", `${name}: it has a character that is no text`);
}
