import t from "tap";
import { parseProtectingTag, protectionBy } from "../../../src/domain/plan/protecting-tag.ts";

/** What the rules, as a configuration writes them, say of tags. */
function judge(rules: readonly string[], tags: Readonly<Record<string, string>>): string | null {
  return protectionBy(
    rules.map((text) => {
      const rule = parseProtectingTag(text);
      if (!rule.ok) throw new Error(rule.reason);
      return rule.value;
    }),
    tags,
  );
}

t.test("FedoraGroup!=cloud protects what is marked as anybody else's, and not what carries no mark", (t) => {
  const rules = ["do-not-delete", "FedoraGroup!=cloud"];
  t.equal(judge(rules, {}), null);
  t.equal(judge(rules, { FedoraGroup: "cloud" }), null);
  t.equal(judge(rules, { fedoragroup: "coreos" }), null, "tags are told apart by their case, as in EC2");
  for (const group of ["coreos", "centos", "copr", "ci", "Cloud", "cloud ", ""])
    t.equal(
      judge(rules, { Name: "x", FedoraGroup: group }),
      "its tag FedoraGroup has another value than cloud, which protects it",
      group,
    );
  t.end();
});

t.test("key=value protects that value alone, and key any", (t) => {
  t.equal(
    judge(["Purpose=installer tests"], { Purpose: "installer tests" }),
    "it carries the protecting tag Purpose=installer tests",
  );
  t.equal(judge(["Purpose=installer tests"], { Purpose: "installer" }), null);
  t.equal(judge(["Purpose"], { Purpose: "" }), "it carries the protecting tag Purpose");
  t.equal(judge(["a", "b=1"], { b: "1" }), "it carries the protecting tag b=1", "any rule is enough");
  t.equal(judge(["a=b=c"], { a: "b=c" }), "it carries the protecting tag a=b=c", "the first = divides");
  t.end();
});

t.test("an object's own words are no tags", (t) => {
  for (const key of ["constructor", "toString", "__proto__"]) t.equal(judge([key, `${key}!=x`], {}), null, key);
  t.end();
});

t.test("a rule that no tag could ever meet is refused", (t) => {
  const rows = [
    "key ",
    " key",
    "key= value",
    "key=value ",
    "k".repeat(129),
    `key=${"v".repeat(257)}`,
    "key=a;b",
    "ke*y",
  ];
  for (const text of rows) t.notOk(parseProtectingTag(text).ok, text);
  for (const text of ["k".repeat(128), `key=${"v".repeat(256)}`, "a b=c d"]) t.ok(parseProtectingTag(text).ok, text);
  t.end();
});
