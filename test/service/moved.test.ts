import t, { type Test } from "tap";
import { tickRegion } from "../../src/act/tick.ts";
import { redisComments } from "../../src/adapters/redis/comments.ts";
import { redisHearing } from "../../src/adapters/redis/control/hearing.ts";
import { redisJournal } from "../../src/adapters/redis/journal.ts";
import type { ForgeDouble } from "../../src/demo/outside/forge.ts";
import type { ForgeName } from "../../src/demo/service-config.ts";
import { toldIn } from "../../src/domain/report/told.ts";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { isOfNeighbour } from "../../src/errors.ts";
import { listenTo } from "../../src/hear/hearing.ts";
import { readComments, type CommentReader } from "../../src/operate/comments.ts";
import { formerPlace, presentPlace } from "../../src/operate/report-places.ts";
import { NoticePages } from "../../src/operate/notices/pages.ts";
import { reportOnce } from "../../src/tell/report.ts";
import { openForgejoComments, openPagure, openPagureComments } from "../support/outside/adapters.ts";
import { silentLog } from "../support/run/log.ts";
import {
  accessTo,
  addNightly,
  openForgejoWorld,
  openWorld,
  PERIODS,
  PROJECTS,
  REGION,
  UPLOADER,
} from "../support/world/world.ts";
import type { World } from "../support/world/world.ts";

/** A world whose reports went to one forge for five days, and go to one of the other kind from now on. */
interface Moved extends World {
  readonly former: ForgeDouble;
  readonly present: ForgeDouble;
  /** Told in the old place, on the first day. */
  readonly amiIds: readonly string[];
  /** A pass of everything: comments in both places, what is due, the report. */
  pass(): Promise<void>;
  stands(amiId: string): boolean;
  deleteAt(amiId: string): Promise<number>;
  /** How often a forge's posts tell that it was made private. */
  tellings(forge: ForgeDouble, amiId: string): number;
}

/** Pagure's addresses say `issue`, Forgejo's `issues`. */
const IS_IN: Readonly<Record<ForgeName, (page: string) => boolean>> = {
  pagure: (page) => /\/issue\//.test(page),
  forgejo: (page) => /\/issues\//.test(page),
};
const OTHER: Readonly<Record<ForgeName, ForgeName>> = { pagure: "forgejo", forgejo: "pagure" };
const OPEN = { pagure: openPagureComments, forgejo: openForgejoComments } as const;

function readerOf(
  world: World,
  forge: ForgeDouble,
  {
    kind,
    isFormer,
    isAlsoRead,
  }: { readonly kind: ForgeName; readonly isFormer: boolean; readonly isAlsoRead: boolean },
): CommentReader {
  const records = { ...world.clerk, journal: world.reporter.journal, log: silentLog };
  const comments = OPEN[kind](accessTo(forge, kind));
  return {
    ...world.clerk,
    log: silentLog,
    comments: isFormer
      ? formerPlace(comments, IS_IN[kind])
      : presentPlace(comments, IS_IN[kind], (page) => isAlsoRead && IS_IN[OTHER[kind]](page)),
    memory: redisComments(world.connection, kind),
    hearing: redisHearing(world.connection, silentLog),
    notices: new NoticePages(records, { isDated: isFormer }),
    operators: [],
    team: null,
    mostPerDay: 20,
    mostBytes: 60_000,
    failed: new Set(),
  };
}

/** `isAlsoRead`: whether the old place is named, and read. */
async function openMoved(t: Test, from: ForgeName, { isAlsoRead = true } = {}): Promise<Moved> {
  const [world, to] = [await openWorld(t, { forge: from }), OTHER[from]];
  const nightlies = [1, 2, 3].map((number) => addNightly(world, number));
  for (const { message } of nightlies) await world.hear(UPLOADER, message);
  world.clock.advance(PERIODS.privateAfterMs);
  await world.tick();
  await world.report();
  world.clock.advance(5 * DAY_MS);
  const { forge: next, reports } =
    to === "forgejo"
      ? await openForgejoWorld(t, world.clock)
      : { forge: world.pagure, reports: openPagure(accessTo(world.pagure, "pagure")) };
  const journal = redisJournal(world.connection, to, silentLog, from);
  const present = readerOf(world, next, { kind: to, isFormer: false, isAlsoRead });
  const former = isAlsoRead ? readerOf(world, world.forge, { kind: from, isFormer: true, isAlsoRead }) : null;
  const { hearing } = present;
  const heard = {
    memory: async () => ({ heardUntil: world.clock.now(), runId: await hearing.runId(), wholeAt: world.clock.now() }),
    runId: () => hearing.runId(),
  };
  const listen = listenTo(heard, present.memory, former?.memory ?? null);
  return {
    ...world,
    former: world.forge,
    present: next,
    amiIds: nightlies.map(({ amiId }) => amiId),
    pass: async () => {
      for (const reader of former === null ? [present] : [present, former])
        await readComments(reader).catch((error: unknown) => {
          if (!isOfNeighbour(error)) throw error;
        });
      await tickRegion(REGION, { ...world.ticker, listen });
      await reportOnce({ ...world.reporter, journal, reports });
    },
    stands: (amiId) => world.simulator.image(REGION, amiId)?.state === "available",
    deleteAt: async (amiId) => (await world.reporter.schedule.get(REGION, amiId))?.deleteAt ?? NaN,
    tellings: ({ tracker }, amiId) => {
      const project = PROJECTS[tracker === next.tracker ? to : from];
      const posts = tracker
        .issues(project)
        .flatMap(({ content, comments }) => [content, ...comments.map(({ text }) => text)]);
      return posts.flatMap(toldIn).filter((each) => each.amiId === amiId && each.section === "made-private").length;
    },
  };
}

/** Passes a day until that instant, and one right before and after it. */
async function until(moved: Moved, at: number, check: () => void): Promise<void> {
  while (moved.clock.now() + DAY_MS < at) {
    moved.clock.advance(DAY_MS);
    await moved.pass();
  }
  moved.clock.advance(at - moved.clock.now() - HOUR_MS / 2);
  await moved.pass();
  check();
  moved.clock.advance(HOUR_MS);
  await moved.pass();
  await moved.pass();
}

for (const from of ["pagure", "forgejo"] as const)
  t.test(
    `a move from ${from} to ${OTHER[from]} within ten days deletes nothing early or untold, and tells nothing twice`,
    async (t) => {
      const moved = await openMoved(t, from);
      const [first = "", second = ""] = moved.amiIds;
      const promised = await moved.deleteAt(first);
      moved.former.tracker.comment(PROJECTS[from], 1, "somebody", `hold ${second}`);
      const fresh = addNightly(moved, 4);
      moved.simulator.changeImage(REGION, fresh.amiId, { createdAt: moved.clock.now() - 6 * DAY_MS });
      await moved.hear(UPLOADER, fresh.message, moved.clock.now() - PERIODS.privateAfterMs);
      await moved.pass();
      t.equal(await moved.deleteAt(first), promised, "the date that was promised stands");
      const toldAt = moved.clock.now();
      await until(moved, promised, () => t.ok(moved.stands(first), "not before its date"));
      t.notOk(moved.stands(first));
      t.ok(moved.stands(second), "an objection where it was told counts");
      t.ok(moved.stands(fresh.amiId), "what was told in the new place has its own ten days");
      t.equal(await moved.deleteAt(fresh.amiId), toldAt + PERIODS.deleteAfterMs);
      t.same(
        [...moved.amiIds, fresh.amiId].map((amiId) => [
          moved.tellings(moved.former, amiId),
          moved.tellings(moved.present, amiId),
        ]),
        [
          [1, 0],
          [1, 0],
          [1, 0],
          [0, 1],
        ],
      );
      const answers = (moved.former.tracker.issue(PROJECTS[from], 1)?.comments ?? []).filter(
        ({ author }) => author === "bot",
      );
      t.match(answers, [{ text: /^Answer to/ }], "and is answered there, once");
      t.equal(answers.length, 1);
      const calls = moved.former.journal.length;
      const lift = moved.former.fail({ times: Infinity, trouble: { kind: "answer", status: 503, body: "gone" } });
      await until(moved, await moved.deleteAt(fresh.amiId), () => t.ok(moved.stands(fresh.amiId)));
      lift();
      t.notOk(moved.stands(fresh.amiId), "the old place may fail once nothing promised there is to come");
      t.equal(moved.former.journal.length, calls, "and is not even asked");
    },
  );

t.test("as long as something was promised there, nothing is deleted while the old place cannot be read", async (t) => {
  const moved = await openMoved(t, "pagure");
  const [first = ""] = moved.amiIds;
  await moved.pass();
  const lift = moved.former.fail({ times: Infinity, trouble: { kind: "answer", status: 503, body: "maintenance" } });
  await until(moved, await moved.deleteAt(first), () => t.ok(moved.stands(first)));
  t.ok(moved.stands(first), "somebody may have objected");
  lift();
  await moved.pass();
  await moved.pass();
  t.notOk(moved.stands(first));
});

t.test("what was told in a place that is closed for good is told anew, with all of its days", async (t) => {
  const moved = await openMoved(t, "pagure");
  const [first = ""] = moved.amiIds;
  await moved.pass();
  const promised = await moved.deleteAt(first);
  moved.clock.advance(2 * HOUR_MS);
  moved.former.fail({ times: Infinity, trouble: { kind: "answer", status: 410, body: "this project moved" } });
  await moved.pass();
  moved.clock.advance(2 * HOUR_MS);
  await moved.pass();
  t.equal(moved.tellings(moved.present, first), 1);
  const again = await moved.deleteAt(first);
  t.ok(again > promised + 4 * DAY_MS, "all ten days");
  await until(moved, again, () => t.ok(moved.stands(first)));
  t.notOk(moved.stands(first));
});

t.test("what was told in a place whose comments nobody reads is told anew, with all of its days", async (t) => {
  const moved = await openMoved(t, "pagure", { isAlsoRead: false });
  const [first = ""] = moved.amiIds;
  const promised = await moved.deleteAt(first);
  moved.former.tracker.comment(PROJECTS.pagure, 1, "somebody", `hold ${first}`);
  await moved.pass();
  await moved.pass();
  t.equal(moved.tellings(moved.present, first), 1, "the public is told where it is heard");
  const again = await moved.deleteAt(first);
  t.equal(again, moved.clock.now() + PERIODS.deleteAfterMs);
  t.ok(again > promised);
  await until(moved, again, () => t.ok(moved.stands(first)));
  t.notOk(moved.stands(first));
});
