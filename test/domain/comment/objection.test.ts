import fc from "fast-check";
import t from "tap";
import { EXAMPLE_AMI, readObjection, type Objection } from "../../../src/domain/comment/objection.ts";
import type { ImageEvent } from "../../../src/domain/image/event.ts";
import { renderOpening, renderPost } from "../../../src/domain/report/report.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { A, B, C, CASES, COMPOSE, NOW } from "../../fixtures/comments.ts";
import { holds } from "../../support/random/property.ts";

/** A wish in one line: `hold A,B until DAY because WHY`. */
function briefly({ wishes, doubtful, doubts, isPlea }: Objection): string {
  const ids = (each: { readonly amiIds: readonly string[]; readonly composeIds: readonly string[] }): string =>
    [...each.amiIds, ...each.composeIds].join(",");
  const asked = wishes.map(({ verb, until, why, ...named }) =>
    [
      `${verb} ${ids(named)}`,
      ...(until === null ? [] : [`until ${new Date(until).toISOString().slice(0, 16)}`]),
      ...(why === "" ? [] : [`because ${why}`]),
    ].join(" "),
  );
  const doubted = ids(doubtful);
  return [
    ...asked,
    ...(doubted === "" ? [] : [`? hold ${doubted}`]),
    ...(doubts.length === 0 ? [] : [`(${doubts.map(({ kind }) => kind).join(", ")})`]),
    ...(isPlea ? ["(plea)"] : []),
  ].join("; ");
}

t.test("every comment of the table is read as written by hand", (t) => {
  for (const [comment, reading] of CASES)
    t.equal(briefly(readObjection(comment, NOW)), reading, JSON.stringify(comment));
  t.end();
});

t.test("our own report, pasted or quoted, orders nothing; with a word to it, what it names is held", (t) => {
  const event: ImageEvent = {
    id: "1-1",
    what: "made-private" as const,
    at: NOW,
    who: "ticker",
    why: "a nightly",
    composeId: COMPOSE,
    region: "us-east-1",
    amiId: A,
    imageName: "Fedora-Cloud",
    details: {},
  };
  const frame = { day: "2026-11-24", marker: "m", now: NOW, deleteAfterMs: 10 * DAY_MS };
  const rest = { outlook: null, quietSince: null, repeats: new Map(), replacements: new Map(), mostRows: 9 };
  const report = `${renderOpening("2026-11-24", 10 * DAY_MS)}\n\n${renderPost([event], { ...frame, ...rest })}`;
  for (const text of [report, report.replaceAll(/^/gm, "> "), `\`\`\`\n${report}\n\`\`\``]) {
    const { wishes, doubtful } = readObjection(`${text}\n\nplease do not delete this`, NOW);
    t.same(
      wishes.flatMap(({ amiIds }) => amiIds).filter((id) => id !== EXAMPLE_AMI),
      [],
      "no order",
    );
    t.ok(
      [...doubtful.amiIds, ...doubtful.composeIds].some((id) => id === A || id === COMPOSE),
      "held",
    );
  }
  t.end();
});

t.test("a comment names at most 2,000 ids, and the rest is said", (t) => {
  const ids = Array.from({ length: 2_500 }, (_, index) => `ami-${String(index).padStart(17, "0")}`);
  const objection = readObjection(`hold ${ids.join(" ")}`, NOW);
  t.equal(objection.doubtful.amiIds.length, 2_000);
  t.same(objection.doubts, [{ kind: "too-many", words: [] }]);
  t.end();
});

const word = fc.constantFrom(
  ...["hold", "restore", "release", "delete", "until", "because", "2026-12-24", "please", "@bot", "don't"],
  ...[
    A,
    B,
    C,
    COMPOSE,
    "ami-1",
    "Fedora-1",
    "> ",
    "```",
    "~~~",
    "|",
    "**",
    "`",
    "\\",
    "\0",
    "\u200b",
    "\u202e",
    "é",
    "中",
  ],
  ...["\n", "\r\n", " ", "\t", "\ud800", "#", "1.", "<b>", "[x](y)", "🙂"],
);
const comment = fc.oneof(
  fc.array(word, { maxLength: 60 }).map((words) => words.join(" ")),
  fc.array(word, { maxLength: 60 }).map((words) => words.join("")),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ unit: "grapheme", maxLength: 300 }),
);

t.test("whatever a comment says, it is read as holds, restores and questions, each id once, and never throws", (t) => {
  holds(
    t,
    fc.property(comment, (text) => {
      const { wishes, doubtful, doubts, isPlea } = readObjection(text, NOW);
      const ids = [...wishes, doubtful].flatMap(({ amiIds, composeIds }) => [...amiIds, ...composeIds]);
      return (
        wishes.every(({ verb, until }) => ["hold", "restore"].includes(verb) && (until === null || until > NOW)) &&
        new Set(ids).size === ids.length &&
        (doubts.length > 0 || doubtful.amiIds.length + doubtful.composeIds.length === 0) &&
        !(isPlea && ids.length > 0)
      );
    }),
    { numRuns: 10_000 },
  );
  t.end();
});

t.test("no id that stands in a comment's own lines is lost, unless the command line is asked for it", (t) => {
  const noise = fc
    .string({ unit: "binary", maxLength: 40 })
    .map((text) => text.replaceAll(/[\n\r>|`~A-Za-z0-9._-]/g, " "));
  holds(
    t,
    fc.property(noise, noise, fc.constantFrom("", "hold", "restore", "keep", "stop"), (before, after, verb) => {
      const text = `${before.replaceAll(/[\v\f\u0085\u2028\u2029]/g, " ")} x\n${verb} ${A} ${after}`;
      const { wishes, doubtful } = readObjection(text, NOW);
      return [...wishes, doubtful].some(({ amiIds }) => amiIds.includes(A));
    }),
    { numRuns: 5_000 },
  );
  t.end();
});

t.test("a megabyte of anything takes time that grows with its length and no faster", (t) => {
  const pieces = ["a", "ami-", "ami-0", "a.", "-12345678", "Fedora-1-", "> ", "```\n", "```\n~~~\n", "| ", "\n", "*`_"];
  const more = [
    "hold ",
    "hold until ",
    "until until ",
    "because ",
    "@",
    "\\-",
    "\0",
    "中",
    "\u200b",
    `hold ${A}\n`,
    `${A} `,
  ];
  for (const piece of [...pieces, ...more]) {
    const timed = (length: number): number => {
      const text = `${piece.repeat(Math.ceil(length / piece.length))}\nhold ${B}`;
      const start = process.cpuUsage().user;
      readObjection(text, NOW);
      return (process.cpuUsage().user - start) / 1000;
    };
    timed(10_000);
    const [small, large] = [timed(125_000), timed(1_000_000)];
    t.ok(
      large < 500 || large < 40 * small,
      `${JSON.stringify(piece)}: ${large.toFixed(0)} ms, ${small.toFixed(0)} ms an eighth`,
    );
  }
  t.end();
});

t.test("a doubt names the author's words for it, each once, and those of no other doubt", (t) => {
  const { doubts } = readObjection(`hold ${A} forever until soon\nhold ${B} forever and ever`, NOW);
  t.strictSame(doubts, [
    { kind: "words", words: ["forever", "ever"] },
    { kind: "date", words: ["soon"] },
  ]);
  t.strictSame(readObjection(`hold ${A} until`, NOW).doubts, [{ kind: "date", words: ["until"] }]);
  t.strictSame(readObjection(`  hold ${A} сейчас`, NOW).doubts, [{ kind: "words", words: [`hold ${A} сейчас`] }]);
  t.end();
});
