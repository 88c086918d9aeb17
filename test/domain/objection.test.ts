import fc from "fast-check";
import t from "tap";
import { EXAMPLE_AMI, EXAMPLE_COMPOSE, readObjection, type Objection } from "../../src/domain/objection.ts";
import type { ImageEvent } from "../../src/domain/event.ts";
import { renderOpening, renderPart } from "../../src/domain/report.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import { holds } from "../support/property.ts";

const NOW = Date.parse("2026-11-24T22:00:00Z");
const A = "ami-0a1a3731a749a16db";
const B = "ami-0b1b3731a749a16db";
const C = "ami-deadbeef";
const COMPOSE = "Fedora-Rawhide-20261122.n.0";

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

/** What a person writes, and what it must be read as. */
const CASES: readonly (readonly [string, string])[] = [
  // Orders, as the report tells how to give them, and as people write them.
  [`hold ${A}`, `hold ${A}`],
  [`hold ${A} because the installer tests start from it`, `hold ${A} because the installer tests start from it`],
  [`hold ${A} until 2026-12-24 because of Christmas`, `hold ${A} until 2026-12-25T00:00 because of Christmas`],
  [`hold ${A} until 2026-12-24T10:30:00Z`, `hold ${A} until 2026-12-24T10:30`],
  [`hold ${A} until 2026-12-24.`, `hold ${A} until 2026-12-25T00:00`],
  [`hold ${A}, ${B} and ${C}`, `hold ${A},${B},${C}`],
  [`HOLD ${A.toUpperCase()}!!!`, `hold ${A}`],
  [`hold: ${A}`, `hold ${A}`],
  [`hold ${COMPOSE} because I bisect`, `hold ${COMPOSE} because I bisect`],
  [`hold all images of ${COMPOSE}`, `hold ${COMPOSE}`],
  [`hold us-east-1/${A} please, thanks`, `hold ${A}`],
  [`hold ${A} in us-east-1 and ap-southeast-3`, `hold ${A}`],
  [`restore ${A} because a user asked`, `restore ${A} because a user asked`],
  [`Hello,\n\nplease hold ${A}, thank you\n\nyours`, `hold ${A}`],
  [`Hi @clean-amis-bot, could you please hold ${A}`, `hold ${A}`],
  [`@bot hold ${A}`, `hold ${A}`],
  [`- hold ${A}\n* restore ${B}\n1. hold ${C}`, `hold ${A}; restore ${B}; hold ${C}`],
  [`**hold** ${A}`, `hold ${A}`],
  [`**hold ${A} because it is ours**`, `hold ${A} because it is ours**`],
  [`\`hold ${A}\``, `hold ${A}`],
  [`hold \`${A}\` because \`x\``, `hold ${A} because \`x\``],
  [`_hold_ __${A}__`, `hold ${A}`],
  [`hold ${A.replace("-", "\\-")}`, `hold ${A}`],
  [`hold ${A.replace("-", "\u2011")}`, `hold ${A}`],
  [`hold\u00a0${A}\u200b`, `hold ${A}`],
  [`\u202ehold ${A}\u202c`, `hold ${A}`],
  [`hold ${A}\r\nhold ${B}\r\n`, `hold ${A}; hold ${B}`],
  [`hold ${A}\nhold ${A}`, `hold ${A}`],
  [`hold https://console.aws.amazon.com/ec2/home?region=us-east-1#ImageDetails:imageId=${A}`, `? hold ${A}; (words)`],
  [`hold ${A}\n\nWe start ${A} in every test run.`, `hold ${A}`],

  // Ids without a verb: nobody says what is wanted, and that keeps.
  [A, `? hold ${A}; (no-wish)`],
  [`please don't delete ${A}`, `? hold ${A}; (no-wish)`],
  [`WTF?! ${A} is OUR BASE IMAGE, give it back!!1`, `? hold ${A}; (no-wish)`],
  [`DON'T YOU DARE TOUCH ${COMPOSE.toUpperCase()}`, "(malformed)"],
  [`do not hold ${A}`, `? hold ${A}; (no-wish)`],
  [`I would like to hold ${A}`, `? hold ${A}; (no-wish)`],
  [`イメージ${A}を残してください`, `? hold ${A}; (no-wish)`],
  [`لا تحذف ${A}`, `? hold ${A}; (no-wish)`],
  [`You wrote "${A} is made private", is that true?`, `? hold ${A}; (no-wish)`],
  [`Please hold:\n- ${A}\n- ${B}`, `? hold ${A},${B}; (no-wish)`],
  [`see https://example.org/${COMPOSE}/compose`, `? hold ${COMPOSE}; (no-wish)`],

  // An order with more in it than is understood.
  [`hold ${A} forever`, `? hold ${A}; (words)`],
  [`hold ${A} until 14d`, `? hold ${A}; (date)`],
  [`hold ${A} until 2026-02-30`, `? hold ${A}; (date)`],
  [`hold ${A} until 2026-11-23`, `? hold ${A}; (date)`],
  [`hold ${A} until`, `? hold ${A}; (date)`],
  [`hold ${A} until the release`, `? hold ${A}; (words, date)`],
  [`hold ${A} and restore ${B}`, `? hold ${A},${B}; (words)`],
  [`hold ${A} and release ${B}`, `? hold ${A},${B}; (words)`],
  [`hold ${A} пожалуйста`, `? hold ${A}; (words)`],
  [`hold ${A} and ami-123`, `? hold ${A}; (malformed)`],
  [`hold ${A}0`, "(malformed)"],
  [`hold x${A}`, `? hold ${A}; (malformed)`],
  [`hold Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261122.n.0`, "(malformed)"],
  [`hold Fedora-Rawhide-20261122`, "(malformed)"],
  [`hold Fedora-Rawhide-20261322.n.0 and ${A}`, `? hold ${A}; (malformed)`],
  [`hold ${A}\nrestore ${A}`, `? hold ${A}; (several)`],
  [`hold ${A} until 2026-12-24\nhold ${A}`, `? hold ${A}; (several)`],
  [`hold ${A} ${B}\nrestore ${B}`, `hold ${A}; ? hold ${B}; (several)`],
  [`hold ${A} because ${B} needs it`, `hold ${A} because ${B} needs it; ? hold ${B}; (no-wish)`],
  [`hold because ${A} is mine`, `? hold ${A}; (no-wish)`],
  [`hold`, "(no-ids)"],
  [`Hold on, what is this?`, "(no-ids)"],
  [`hold everything!!!`, "(no-ids)"],
  [`hold ami-XXXXXXXX`, "(no-ids)"],

  // What no comment can do, whoever writes it.
  [`release ${A}`, "(command)"],
  [`please release ${A} because I said so`, "(command)"],
  [`delete ${A}`, "(command)"],
  [`retry ${COMPOSE}`, "(command)"],
  [`hasten ${A} until 2026-12-24`, "(command)"],
  [`release ${A}\nhold ${A}`, `? hold ${A}; (several, command)`],
  [`release ${A}\nhold ${B}`, `hold ${B}; (command)`],
  [`Delete ${A}?? Are you mad?`, `? hold ${A}; (words)`],
  [`release ${A}\n\n${A} is fine again, isn't it`, `? hold ${A}; (no-wish, command)`],

  // Quotations, code and tables repeat what others said.
  [`> hold ${A}`, `? hold ${A}; (quoted)`],
  [`> hold ${A}\n\n+1`, `? hold ${A}; (quoted)`],
  [`> | us-east-1 | \`${A}\` | x |\n\nplease don't delete this`, `? hold ${A}; (quoted)`],
  [`| us-east-1 | \`${A}\` | \`name\` | \`until no end\` |`, `? hold ${A}; (quoted)`],
  [`\`\`\`\nhold ${A}\n\`\`\``, `? hold ${A}; (quoted)`],
  [`~~~\nrestore ${A}\n~~~\nhold ${B}`, `hold ${B}`],
  [`> release ${A}\n\nno!`, `? hold ${A}; (quoted)`],
  [`> ${A}\n> ${B}\n\nhold ${B} because we use it`, `hold ${B} because we use it`],
  [`> ${A}\n\nhold`, `? hold ${A}; (quoted)`],
  [`> ${A}\n\nrelease ${A}`, "(command)"],
  [`\`\`\`\nhold ${A}\nnobody closed this`, `hold ${A}`],
  [`\`\`\`\n${A}\n~~~\n\`\`\`\nhold ${B}`, `hold ${B}`],
  [`>>> ${A} wrote somebody`, `? hold ${A}; (quoted)`],
  [`> hold ${EXAMPLE_AMI} of ${EXAMPLE_COMPOSE}\n\nlike this?`, ""],
  [
    `hold ${EXAMPLE_AMI} because our installer tests start from it`,
    `hold ${EXAMPLE_AMI} because our installer tests start from it`,
  ],

  // Nothing to do with us.
  ["", ""],
  ["thanks for the report", ""],
  ["Release engineering will look into it", ""],
  ["the holder of the ami-reports repo", ""],
  ["+1", ""],
  ["> quoted\n\nagreed", ""],
  ["STOP DELETING OUR STUFF", "(plea)"],
  ["please don't", "(plea)"],
  ["our image is gone!", "(plea)"],
];

t.test("every comment of the table is read as written by hand", (t) => {
  for (const [comment, reading] of CASES)
    t.equal(briefly(readObjection(comment, NOW)), reading, JSON.stringify(comment));
  t.end();
});

t.test("our own report, pasted or quoted, orders nothing; with a word to it, what it names is held", (t) => {
  const event: ImageEvent = {
    ...{ id: "1-1", what: "made-private" as const, at: NOW, who: "ticker", why: "a nightly", composeId: COMPOSE },
    ...{ region: "us-east-1", amiId: A, imageName: "Fedora-Cloud", details: {} },
  };
  const frame = { day: "2026-11-24", marker: "m", now: NOW, deleteAfterMs: 10 * DAY_MS };
  const rest = { outlook: null, quietSince: null, mostRows: 9 };
  const report = `${renderOpening("2026-11-24", 10 * DAY_MS)}\n\n${renderPart([event], { ...frame, ...rest })}`;
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
