import t from "tap";
import { unlessAbandoned, whileWanted } from "../../../src/adapters/abandon.ts";
import { onceATurn, onceATurnEach, togetherATurn } from "../../../src/adapters/redis/once-a-turn.ts";

/** A question whose answers are numbers, each given when the test says so. */
function question() {
  const answers: ((number: number) => void)[] = [];
  const ask = (): Promise<number> => new Promise((resolve) => answers.push(resolve));
  return { answers, ask: onceATurn(ask) };
}

/** Until everything that this turn has brought is done. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test("all who ask in one turn share one question, which goes out behind the last of them", async (t) => {
  const { answers, ask } = question();
  const first = ask();
  t.equal(answers.length, 0, "not asked yet");
  const others = [Promise.resolve().then(ask), Promise.resolve().then(ask)];
  await turn();
  t.equal(answers.length, 1);
  answers[0]?.(7);
  t.same(await Promise.all([first, ...others]), [7, 7, 7]);
});

t.test("who asks about something else in the same turn has a question of his own", async (t) => {
  const asked: string[] = [];
  const ask = onceATurnEach((about: "one" | "other") => Promise.resolve(asked.push(about)));
  t.same(await Promise.all([ask("one"), ask("other"), ask("one")]), [1, 2, 1]);
  t.same(asked, ["one", "other"]);
});

t.test("nobody is given an answer to a question that went out before he asked", async (t) => {
  const { answers, ask } = question();
  const early = ask();
  await turn();
  const late = ask();
  await turn();
  t.equal(answers.length, 2, "asked anew, though the first is not answered");
  answers[0]?.(1);
  answers[1]?.(2);
  t.same(await Promise.all([early, late]), [1, 2]);
});

t.test("a failure reaches all who asked, and the next question is asked", async (t) => {
  let asked = 0;
  const ask = onceATurn(() => (asked++ === 0 ? Promise.reject(new Error("away")) : Promise.resolve(5)));
  const answers = [ask(), ask()];
  for (const answer of answers) await t.rejects(answer, /away/);
  t.equal(await ask(), 5);
});

t.test("whose work is given up waits no more, and takes nobody else's answer with it", async (t) => {
  let answer: (number: number) => void = () => undefined;
  const ask = onceATurn(() => unlessAbandoned(() => new Promise<number>((resolve) => (answer = resolve))));
  const [given, other] = [new AbortController(), new AbortController()];
  const answers = [given, other].map(({ signal }) => whileWanted(signal, ask));
  await turn();
  given.abort(new Error("given up"));
  await t.rejects(answers[0] ?? Promise.resolve(0), /given up/);
  answer(3);
  t.equal(await answers[1], 3);
});

t.test("what is asked about different things in one turn goes together, and each has its own answer", async (t) => {
  const asked: (readonly string[])[] = [];
  const ask = togetherATurn((all: readonly string[]) => {
    asked.push(all);
    return all.includes("bad") ? Promise.reject(new Error("away")) : Promise.resolve(all.map((about) => `${about}!`));
  });
  t.same(await Promise.all([ask("one"), ask("other"), Promise.resolve().then(() => ask("third"))]), [
    "one!",
    "other!",
    "third!",
  ]);
  const failing = [ask("bad"), ask("good")];
  for (const answer of failing) await t.rejects(answer, /away/);
  t.equal(await ask("again"), "again!");
  t.same(asked, [["one", "other", "third"], ["bad", "good"], ["again"]]);
  const given = new AbortController();
  const [ended, other] = [whileWanted(given.signal, () => ask("ended")), ask("stays")];
  given.abort(new Error("given up"));
  await t.rejects(ended, /given up/);
  t.equal(await other, "stays!");
});
