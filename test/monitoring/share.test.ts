import t from "tap";
import { jsonAnswer, type Answer } from "../../src/monitoring/answer.ts";
import type { Asked } from "../../src/monitoring/routes.ts";
import { shared } from "../../src/monitoring/share.ts";

/** Answers with how often it was asked before; the first answers come when they are let go. */
function counting() {
  let [asked, letGo] = [0, (): void => undefined];
  const gone = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const answer = async (): Promise<Answer> => {
    const answered = jsonAnswer(asked);
    asked += 1;
    await gone;
    return answered;
  };
  const open = (): void => {
    letGo();
  };
  return { route: { path: "/", parameters: ["q"], answer }, letGo: open };
}

const asking = (query: string): Asked => ({ words: {}, query: new URLSearchParams(query) });

t.test(
  "who asks for what is being made gets the same, who asks for something else or later gets it made",
  async (t) => {
    const { route, letGo } = counting();
    const { answer } = shared(route);
    const asked = ["q=a", "q=a", "q=b"].map((query) => answer(asking(query)));
    letGo();
    const bodies = (await Promise.all(asked)).map(({ body }) => body.trim());
    t.same(bodies, ["0", "0", "1"]);
    t.equal((await answer(asking("q=a"))).body.trim(), "2");
  },
);

t.test("an answer that never comes keeps nobody for ever from theirs, and a failure is nobody else's", async (t) => {
  const { route, letGo } = counting();
  const late = shared(route, 0);
  void late.answer(asking(""));
  const next = late.answer(asking(""));
  letGo();
  t.equal((await next).body.trim(), "1");
  let times = 0;
  const failing = shared({
    ...route,
    answer: () => {
      times += 1;
      throw new Error(`failure ${times}`);
    },
  });
  await t.rejects(failing.answer(asking("")), { message: "failure 1" });
  await t.rejects(failing.answer(asking("")), { message: "failure 2" });
});
