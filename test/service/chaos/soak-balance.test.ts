import t from "tap";
import { DAY_MS, HOUR_MS } from "../../../src/domain/time.ts";
import { WRONGS, type Balance, type Wrong } from "../../support/soak/balance/balance.ts";
import type { Compose } from "../../support/soak/calendar.ts";
import { openLife, type Life } from "../../support/soak/balance/life.ts";
import { START } from "../../support/soak/year.ts";

const amiId = "ami-00000000000000001";
const closed = { kind: "image-permission", imageId: amiId, isPublic: false } as const;
const opened = { kind: "image-permission", imageId: amiId, isPublic: true } as const;
const deregistered = { kind: "image-deregistered", imageId: amiId, deletedSnapshotIds: [] } as const;

/** As it has to be: closed after five days, told, deleted ten days later with its snapshot, told. */
function goWell(life: Life, skew: { readonly gone?: number } = {}): void {
  const gone = skew.gone ?? 15.2;
  life.deed(5.1, closed);
  life.tell(5.1, "Made private");
  life.deed(gone, deregistered);
  life.tell(gone, "Deleted");
  life.remove("image");
  life.remove("snapshot");
}

/** The lines of the balance that are not empty. */
function wrongIn({ wrong }: Balance): readonly Wrong[] {
  return WRONGS.filter((name) => wrong[name].length > 0);
}

t.test("a life that goes as it must has no line in the balance", async (t) => {
  const life = await openLife(t);
  goWell(life);
  const balance = life.balance(20);
  t.same(wrongIn(balance), []);
  t.match(balance, { published: 1, acted: 1, kept: 0, waiting: 0, deletedSnapshots: 1 });
  const kept = (await openLife(t, "kept")).balance(365);
  t.same([wrongIn(kept), kept.kept], [[], 1]);
  const young = (await openLife(t)).balance(4);
  t.same([wrongIn(young), young.waiting], [[], 1]);
});

/** What is planted, and the line that it must have; each line has one. */
const PLANTED: readonly (readonly [
  what: string,
  line: Wrong,
  fate: Compose["fate"],
  plant: (life: Life) => Balance,
])[] = [
  [
    "somebody else deregisters it",
    "lost",
    "deleted",
    (life) => {
      life.remove("image");
      return life.balance(10);
    },
  ],
  [
    "its snapshot is gone, and it stands",
    "lost",
    "deleted",
    (life) => {
      life.remove("snapshot");
      return life.balance(10);
    },
  ],
  [
    "one that must stay is closed, and stays so",
    "lost",
    "kept",
    (life) => {
      life.close();
      return life.balance(10);
    },
  ],
  [
    "nobody deletes it",
    "overdue",
    "deleted",
    (life) => {
      life.deed(5.1, closed);
      life.tell(5.1, "Made private");
      return life.balance(40);
    },
  ],
  [
    "its snapshot stays behind",
    "orphaned",
    "deleted",
    (life) => {
      life.deed(5.1, closed);
      life.tell(5.1, "Made private");
      life.deed(15.2, deregistered);
      life.tell(15.2, "Deleted");
      life.remove("image");
      return life.balance(20);
    },
  ],
  [
    "it is closed an hour too soon",
    "early",
    "deleted",
    (life) => {
      life.deed(5 - HOUR_MS / DAY_MS, closed);
      life.tell(5.1, "Made private");
      return life.balance(10);
    },
  ],
  [
    "it is deleted an hour too soon after the notice",
    "early",
    "deleted",
    (life) => {
      goWell(life, { gone: 15.1 - HOUR_MS / DAY_MS });
      return life.balance(20);
    },
  ],
  [
    "it is deleted without a notice since it was closed again",
    "early",
    "deleted",
    (life) => {
      life.deed(5.1, closed);
      life.tell(5.1, "Made private");
      life.deed(6, opened);
      life.deed(14, closed);
      life.deed(16, deregistered);
      life.remove("image");
      life.remove("snapshot");
      return life.balance(20);
    },
  ],
  [
    "it is deleted although somebody objected",
    "touched",
    "deleted",
    (life) => {
      life.image.holds.push({ from: START + 6 * DAY_MS, to: null });
      goWell(life);
      return life.balance(20);
    },
  ],
  [
    "one that must stay is closed, and opened again",
    "touched",
    "kept",
    (life) => {
      life.deed(5.1, closed);
      life.tell(5.1, "Made private");
      life.deed(6, opened);
      return life.balance(20);
    },
  ],
  [
    "it is closed twice",
    "twice",
    "deleted",
    (life) => {
      life.deed(5.1, closed);
      life.deed(5.2, closed);
      return life.balance(10);
    },
  ],
  [
    "its deletion is not told",
    "untold",
    "deleted",
    (life) => {
      life.deed(5.1, closed);
      life.tell(5.1, "Made private");
      life.deed(15.2, deregistered);
      life.remove("image");
      life.remove("snapshot");
      return life.balance(20);
    },
  ],
  [
    "it is told twice that it is private",
    "told twice",
    "deleted",
    (life) => {
      life.tell(5.2, "Made private");
      goWell(life);
      return life.balance(20);
    },
  ],
  [
    "it is told that another hand took what we deleted",
    "told twice",
    "deleted",
    (life) => {
      goWell(life);
      life.tell(17, "Gone by another hand");
      return life.balance(20);
    },
  ],
];

for (const [what, line, fate, plant] of PLANTED)
  t.test(`the balance has a line "${line}" where ${what}`, async (t) => {
    t.ok(wrongIn(plant(await openLife(t, fate))).includes(line));
  });

t.test("every line of the balance was seen red", (t) => {
  t.same(
    WRONGS.filter((name) => !PLANTED.some(([, line]) => line === name)),
    [],
  );
  t.end();
});

t.test("what is private when Redis forgets it is told once more", async (t) => {
  const life = await openLife(t);
  life.deed(5.1, closed);
  life.tell(5.1, "Made private");
  life.tell(8, "Made private");
  t.same(wrongIn(life.balance(10, [START + 7 * DAY_MS])), []);
  t.same(wrongIn(life.balance(10)), ["told twice"]);
});
