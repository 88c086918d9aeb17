import t, { type Test } from "tap";
import { logReports } from "../../src/adapters/log-reports.ts";
import type { Post, Reports } from "../../src/ports/index.ts";
import { dayPost, FORGEJO, PAGURE, publish, REPO, type ForgeKind } from "../support/outside/forge.ts";
import { silentLog } from "../support/run/log.ts";

/** An implementation, and every text that its readers can see. */
interface Subject {
  readonly reports: Reports;
  readonly visible: () => readonly string[];
}

async function subjectOf(forge: ForgeKind, t: Test): Promise<Subject> {
  const { double, open } = await forge.start(t);
  const visible = (): string[] =>
    double.tracker.issues(REPO).flatMap(({ content, comments }) => [content, ...comments.map(({ text }) => text)]);
  return { reports: open(), visible };
}

const SUBJECTS: Readonly<Record<string, (t: Test) => Promise<Subject>>> = {
  pagure: (t) => subjectOf(PAGURE, t),
  forgejo: (t) => subjectOf(FORGEJO, t),
  log: () => {
    const texts: string[] = [];
    const info = (data: object): void => void texts.push((data as { text: string }).text);
    return Promise.resolve({ reports: logReports({ ...silentLog, info }), visible: () => texts });
  },
};

function copies(visible: readonly string[], { marker }: Post): number {
  return visible.filter((text) => text.includes(marker)).length;
}

for (const [name, open] of Object.entries(SUBJECTS)) {
  t.test(
    `${name}: a post is visible once, however often it is published, and stands in the order of its day`,
    async (t) => {
      const { reports, visible } = await open(t);
      t.type((await reports.check()).user, "string");
      for (const number of [1, 2, 1, 3, 3]) t.type((await publish(reports, dayPost(number))).url, "string");
      for (const number of [1, 2, 3]) t.match(visible()[number - 1], dayPost(number).text);
      t.equal(visible().length, 3);
    },
  );

  t.test(`${name}: posts of two days stand apart and each once`, async (t) => {
    const { reports, visible } = await open(t);
    const other = { ...dayPost(2), day: "2026-11-25", title: "clean-amis: 2026-11-25" };
    for (const each of [dayPost(1), other, dayPost(1), other]) await publish(reports, each);
    t.same([copies(visible(), dayPost(1)), copies(visible(), other)], [1, 1]);
  });

  t.test(
    `${name}: we are asked right before a post, and never for a repeat; when we say no, nothing is visible`,
    async (t) => {
      const { reports, visible } = await open(t);
      const no = new Error("the lease is lost");
      await t.rejects(
        reports.publish(dayPost(1), () => Promise.reject(no)),
        no,
      );
      t.same(visible(), []);
      let asked = 0;
      const ask = (): Promise<void> => {
        asked += 1;
        return Promise.resolve();
      };
      for (let time = 0; time < 2; time += 1) await reports.publish(dayPost(1), ask);
      t.same([asked, visible().length], [1, 1]);
    },
  );

  t.test(`${name}: what was posted once has no repeat to merge`, async (t) => {
    const { reports, visible } = await open(t);
    await publish(reports, dayPost(1));
    const before = visible().length;
    t.equal(await reports.mergeRepeats(dayPost(1), () => Promise.reject(new Error("nothing to post"))), 0);
    t.equal(visible().length, before);
  });

  t.test(`${name}: a post without its own marker is a bug`, async (t) => {
    const { reports, visible } = await open(t);
    await t.rejects(publish(reports, { ...dayPost(1), text: "no marker" }), /lacks its own marker/);
    t.same(visible(), []);
  });
}
