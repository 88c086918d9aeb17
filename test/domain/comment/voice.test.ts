import t from "tap";
import { voiceOf } from "../../../src/domain/comment/voice.ts";

const OPERATORS = ["ann", "Kevin"];

t.test("an operator's word is what an operator wrote, and nobody but its author or an operator changed", (t) => {
  for (const editors of [[], ["ann"], ["kevin"], ["Kevin", "ann"]])
    t.same(voiceOf({ author: "ann", editors }, OPERATORS), { isOperator: true, isChanged: false, speaker: "ann" });
  t.end();
});

t.test("what somebody else changed, or may have changed, is anybody's word, and theirs", (t) => {
  const changed = (speaker: string) => ({ isOperator: false, isChanged: true, speaker });
  t.same(voiceOf({ author: "ann", editors: ["eve"] }, OPERATORS), changed("eve"));
  t.same(voiceOf({ author: "ann", editors: ["eve", "ann"] }, OPERATORS), changed("eve"));
  t.same(voiceOf({ author: "ann", editors: ["ANN"] }, OPERATORS), changed("ANN"));
  t.same(voiceOf({ author: "ann", editors: null }, OPERATORS), changed("somebody"));
  t.end();
});

t.test("an operator who edits somebody's comment makes it no operator's word", (t) => {
  t.same(voiceOf({ author: "bob", editors: ["ann"] }, OPERATORS), {
    isOperator: false,
    isChanged: false,
    speaker: "bob",
  });
  t.match(voiceOf({ author: "bob", editors: ["eve"] }, OPERATORS), { isOperator: false, speaker: "eve" });
  t.end();
});

t.test("a name in the configuration may have capitals; an account with capitals is nobody else's", (t) => {
  const isOperator = (author: string): boolean => voiceOf({ author, editors: [] }, OPERATORS).isOperator;
  t.same(["kevin", "Kevin", "KEVIN", "Ann"].map(isOperator), [true, true, false, false]);
  t.end();
});
