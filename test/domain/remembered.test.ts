import t from "tap";
import { remembered } from "../../src/domain/remembered.ts";

t.test("what was asked is worked once, and no more than so many answers are kept", (t) => {
  const worked: string[] = [];
  const first = remembered(2, (text: string) => {
    worked.push(text);
    return text.length > 1 ? (text[0] ?? null) : null;
  });
  t.same(
    ["ab", "ab", "c", "c"].map((text) => first(text)),
    ["a", "a", null, null],
  );
  t.same(worked, ["ab", "c"]);
  first("third");
  first("ab");
  t.same(worked, ["ab", "c", "third", "ab"]);
  t.end();
});

t.test("long texts, and what throws, are not kept", (t) => {
  let worked = 0;
  const count = remembered(9, (text: string) => {
    worked += 1;
    if (text === "") throw new RangeError("nothing to count");
    return text.length;
  });
  for (let time = 0; time < 2; time += 1) {
    t.equal(count("x".repeat(300)), 300);
    t.throws(() => count(""), RangeError);
  }
  t.equal(worked, 4);
  t.end();
});
