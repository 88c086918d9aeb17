import t from "tap";
import { compareIds, idBefore, isEntryId } from "../../../src/domain/image/event.ts";

t.test("ids of stream entries stand in the order in which Redis gave them, number by number", (t) => {
  const inOrder = ["0-0", "0-1", "9-0", "10-0", "10-2", "10-10", "11", "1700000000000-0", "1700000000000-1"];
  t.same([...inOrder].reverse().sort(compareIds), inOrder);
  t.equal(compareIds("10-2", "10-2"), 0);
  t.equal(compareIds("10", "10-0"), 0, "an id without a number has the first one");
  t.end();
});

t.test("an id of a stream's entry is two numbers of 64 bits", (t) => {
  const last = "18446744073709551615";
  for (const text of ["0-0", "1700000000000-1", `${last}-${last}`]) t.ok(isEntryId(text), text);
  for (const text of ["", "1", "1-", "-1-0", "1-0 ", "18446744073709551616-0", "0-18446744073709551616", "1-x"])
    t.notOk(isEntryId(text), text);
  t.end();
});

t.test("the last id before an instant is before it, and after all that was written earlier", (t) => {
  for (const at of [1, 1_700_000_000_000, 1_700_000_000_000.5]) {
    const last = idBefore(at);
    t.ok(compareIds(last, `${Math.ceil(at)}-0`) < 0, `${at}: before it`);
    t.ok(compareIds(`${Math.ceil(at) - 1}-999999`, last) < 0, `${at}: after a full millisecond before it`);
  }
  for (const at of [0, -1]) t.equal(idBefore(at), "0-0", "nothing is before the first instant");
  t.end();
});
