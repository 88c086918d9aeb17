import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import t from "tap";
import {
  COMPOSE_TYPES,
  formatComposeId,
  isKeySafeComposeId,
  parseComposeId,
  stampOf,
  type ComposeId,
} from "../../../src/domain/compose/compose.ts";
import { quote } from "../../../src/domain/words.ts";
import { REAL_COMPOSES } from "../../fixtures/composes.ts";
import { holds, record } from "../../support/random/property.ts";

/** The parts of an id that has to be good. */
function read(id: string): ComposeId {
  const parsed = parseComposeId(id);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
}

t.test("every real compose id is read into the parts that its compose had, and written back as it was", (t) => {
  t.equal(REAL_COMPOSES.length, 90);
  for (const { id, parts } of REAL_COMPOSES) {
    if (parts === null) {
      t.notOk(parseComposeId(id).ok, id);
      continue;
    }
    const { short, version, releaseType, date, type, respin } = parts;
    t.same(read(id), { release: { short, version, type: releaseType }, base: null, date, type, respin }, id);
    t.equal(formatComposeId(read(id)), id);
  }
  t.end();
});

t.test("every compose type is known by its short and its long suffix, and written by the short one", (t) => {
  const rows = [
    ["Fedora-40-20240501.0", "production", "20240501.0"],
    ["Fedora-40-20240501.n.0", "nightly", "20240501.n.0"],
    ["Fedora-40-20240501.nightly.0", "nightly", "20240501.n.0"],
    ["Fedora-40-20240501.t.3", "test", "20240501.t.3"],
    ["Fedora-40-20240501.test.3", "test", "20240501.t.3"],
    ["Fedora-40-20240501.ci.12", "ci", "20240501.ci.12"],
    ["Fedora-40-20240501.d.1", "development", "20240501.d.1"],
  ] as const;
  for (const [id, type, stamp] of rows) t.same([read(id).type, stampOf(read(id))], [type, stamp], id);
  t.same([...new Set(rows.map(([, type]) => type))].sort(), [...COMPOSE_TYPES].sort(), "no type is left out");
  t.end();
});

t.test("updates, layered products and odd versions are read as productmd writes them", (t) => {
  const rows = [
    ["Fedora-28-updates-20180515.1", ["Fedora", "28", "updates"], null],
    ["Fedora-28-updates-testing-20180605.n.0", ["Fedora", "28", "updates-testing"], null],
    ["RHEL-7.2-eus-20160622.0", ["RHEL", "7.2", "eus"], null],
    ["F-22-fast-20160622.0", ["F", "22", "fast"], null],
    ["Fedora-eln-20240830.n.7", ["Fedora", "eln", "ga"], null],
    ["Fedora-Rawhide-updates-20240830.0", ["Fedora", "Rawhide", "updates"], null],
    ["FedoraRespin-24-updates-20161206.0", ["FedoraRespin", "24", "updates"], null],
    ["DP-1.0-F-22-20160622.n.0", ["DP", "1.0", "ga"], ["F", "22", "ga"]],
    ["DP-1.0-updates-F-22-20160622.0", ["DP", "1.0", "updates"], ["F", "22", "ga"]],
    ["DP-1.0-F-22-updates-20160622.0", ["DP", "1.0", "ga"], ["F", "22", "updates"]],
    [
      "DP-1.0-updates-testing-F-22-updates-testing-20160622.t.1",
      ["DP", "1.0", "updates-testing"],
      ["F", "22", "updates-testing"],
    ],
    ["Fedora_Docker-25-20170105.0", ["Fedora_Docker", "25", "ga"], null],
    ["Fedora_Docker-25-20170110.n.1", ["Fedora_Docker", "25", "ga"], null],
    ["Satellite-6.1-Fedora-Cloud-Rawhide-20160622.0", ["Satellite", "6.1", "ga"], ["Fedora-Cloud", "Rawhide", "ga"]],
  ] as const;
  for (const [id, release, base] of rows) {
    const value = read(id);
    t.same(Object.values(value.release), release, id);
    t.same(value.base === null ? null : Object.values(value.base), base, `${id}: base product`);
    t.equal(formatComposeId(value), id);
  }
  t.end();
});

t.test("a refusal quotes the value, says what is wrong, and where", (t) => {
  const rows = [
    ["", 'compose id "": does not end in -<YYYYMMDD>[.<type>].<respin>'],
    ["Fedora-40", 'compose id "Fedora-40": does not end in -<YYYYMMDD>[.<type>].<respin>'],
    ["Fedora-24-20160314", 'compose id "Fedora-24-20160314": no respin after the date at character 11'],
    ["Fedora-24-20160314.n", 'compose id "Fedora-24-20160314.n": no respin after the date at character 11'],
    ["Fedora-24-20160230.0", 'compose id "Fedora-24-20160230.0": "20160230" at character 11 is no day of the calendar'],
    ["Fedora-24-20161301.n.0", '"20161301" at character 11 is no day of the calendar'],
    ["Fedora-24-20160314.x.0", 'unknown compose type ".x" after the date at character 11'],
    ["Fedora-24-20160314.production.0", 'unknown compose type ".production" after the date at character 11'],
    ["Fedora-24-20160314.constructor.0", 'unknown compose type ".constructor" after the date at character 11'],
    ["Fedora-24-20160314.N.0", "does not end in -<YYYYMMDD>[.<type>].<respin>"],
    ["Fedora-24-20160314.n.01", 'respin "01" after the date at character 11 is not 0 to 999999'],
    ["Fedora-24-20160314.1000000", 'respin "1000000" after the date at character 11 is not 0 to 999999'],
    ["Fedora-24-20160314.-1", "does not end in -<YYYYMMDD>[.<type>].<respin>"],
    ["Fedora-24-20160314.n.0 ", "does not end in -<YYYYMMDD>[.<type>].<respin>"],
    ["Fedora-24-20160314.n.0\n", "does not end in -<YYYYMMDD>[.<type>].<respin>"],
    ["Fedora-24-120160314.n.0", "does not end in -<YYYYMMDD>[.<type>].<respin>"],
    ["Fedora-20160314.n.0", '"Fedora" at character 1 is not <short>-<version>[-<type>]'],
    ["-24-20160314.n.0", '"-24" at character 1 is not <short>-<version>[-<type>]'],
    ["Fedora--20160314.n.0", '"Fedora-" at character 1 is not <short>-<version>[-<type>]'],
    ["Fedora 24-1-20160314.n.0", '"Fedora 24-1" at character 1 is not <short>-<version>[-<type>]'],
    ["Fedora-2é-20160314.n.0", '"Fedora-2é" at character 1 is not <short>-<version>[-<type>]'],
    [`${"F".repeat(200)}-24-20160314.n.0`, "longer than 128 characters"],
  ] as const;
  for (const [id, reason] of rows) {
    const parsed = parseComposeId(id);
    t.match(parsed, { ok: false }, JSON.stringify(id));
    if (parsed.ok) continue;
    t.ok(parsed.reason.includes(reason), parsed.reason);
    t.ok(parsed.reason.startsWith(`compose id ${quote(id)}: `), "the value stands in front");
  }
  t.end();
});

const WORD = fc.stringMatching(/^[A-Z][A-Za-z0-9]{0,8}$/);
const SHORT = fc.array(WORD, { minLength: 1, maxLength: 3 }).map((words) => words.join("-"));
const NUMBER = fc.stringMatching(/^[1-9]\d{0,2}(\.\d{1,2})?$/);
const RELEASE_TYPE = fc.constantFrom("ga", "updates", "updates-testing", "fast", "eus", "aus", "els", "tus", "e4s");
const VERSION = fc.oneof(NUMBER, fc.constantFrom("Rawhide", "Bikeshed", "eln", "ELN"));
const release = (version: fc.Arbitrary<string>) => record({ short: SHORT, version, type: RELEASE_TYPE });
const STAMP = {
  date: fc
    .date({ min: new Date("1970-01-01"), max: new Date("2099-12-31"), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10).replaceAll("-", "")),
  type: fc.constantFrom(...COMPOSE_TYPES),
  respin: fc.integer({ min: 0, max: 999_999 }),
};
// Only a number tells where a layered release ends and its base product begins.
const COMPOSE_ID: fc.Arbitrary<ComposeId> = fc.oneof(
  record({ release: release(VERSION), base: fc.constant(null), ...STAMP }),
  record({ release: release(NUMBER), base: release(VERSION), ...STAMP }),
);

t.test("every compose that productmd can name is read back from the id that we write for it", (t) => {
  const isReadBack = (composeId: ComposeId) => isDeepStrictEqual(read(formatComposeId(composeId)), composeId);
  holds(t, fc.property(COMPOSE_ID, isReadBack), { numRuns: 1_000 });
  t.end();
});

t.test("an id with the short suffix is written back letter by letter, whatever it is", (t) => {
  const MANGLED = fc
    .tuple(COMPOSE_ID.map(formatComposeId), fc.nat(60), fc.string({ maxLength: 3 }))
    .map(([id, at, text]) => id.slice(0, at) + text + id.slice(at));
  let read = 0;
  const isWrittenBack = fc.property(fc.oneof(MANGLED, fc.string()), (text) => {
    const parsed = parseComposeId(text);
    if (!parsed.ok) return true;
    read += 1;
    return formatComposeId(parsed.value) === text.replace(/\.nightly\./, ".n.").replace(/\.test\./, ".t.");
  });
  holds(t, isWrittenBack, { numRuns: 5_000 });
  t.ok(read > 100, `${read} of them could be read`);
  t.end();
});

t.test("only what is harmless in a key and a report may be remembered as a compose", (t) => {
  for (const { id } of REAL_COMPOSES) t.ok(isKeySafeComposeId(id), id);
  const refused = ["", "a b", "a:b", "a{b}", "../a", "-a", "_a", "a\n", "a*", "é", "a/b", "F".repeat(129), "`a`"];
  for (const text of refused) t.notOk(isKeySafeComposeId(text), JSON.stringify(text));
  t.end();
});

t.test("a foreign text is quoted on one printable line, however long or odd it is", (t) => {
  t.equal(quote('a "b"\n\u2028\u0085c'), '"a \\"b\\"\\n??c"');
  t.equal(quote("x".repeat(81)), `"${"x".repeat(77)}..."`);
  const isPrintable = (text: string) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(quote(text)) && quote(text).length <= 500;
  holds(t, fc.property(fc.string({ unit: "binary", maxLength: 200 }), isPrintable));
  t.end();
});
