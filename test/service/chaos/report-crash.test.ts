import t, { type Test } from "tap";
import type { ForgeName } from "../../../src/demo/service-config.ts";
import { DAY_MS, MINUTE_MS } from "../../../src/domain/time.ts";
import { RefusedError, UpstreamError } from "../../../src/errors.ts";
import type { Journal, ReporterLease } from "../../../src/ports/index.ts";
import { reportOnce } from "../../../src/tell/report.ts";
import { TROUBLES } from "../../support/outside/forge.ts";
import { forEachForge, killEverywhere, untilCrash, type CallCounter } from "../../support/scenes/crash.ts";
import { openReporting, type Reporting } from "../../support/scenes/reporting.ts";
import { limitFor } from "../../support/run/limit.ts";

limitFor(t, "CHAOS_CRASH");
/** Of the second forge a few points are enough where not all are tried: what it shares with the first is tried there. */
const STRIDES = { pagure: 6, forgejo: 24 } as const;

/** Small, so that a few images make several posts: the first opens the issue, the others are comments. */
const SMALL = 1_600;

interface Scene extends Reporting {
  readonly amiIds: readonly string[];
}

/** Images of two regions and two composes that nobody was told of. */
async function openScene(t: Test, forge: ForgeName): Promise<Scene> {
  const reporting = await openReporting(t, { forge });
  const amiIds = [
    ...(await reporting.makePrivate(6, { region: "us-east-1" })),
    ...(await reporting.makePrivate(6, { region: "eu-west-1", composeId: "Fedora-Cloud-43-20261119.0" })),
  ];
  return { ...reporting, amiIds };
}

/** A pass whose calls are counted, and that perhaps dies; a dead process' lease runs out, which is not waited for here. */
async function countedPass({ reporter }: Scene, counter: CallCounter): Promise<void> {
  const leases: ReporterLease[] = [];
  const takesLease: Pick<Journal, "reporterLease"> = {
    reporterLease: async () => {
      const lease = await reporter.journal.reporterLease();
      if (lease === null) return null;
      leases.push(lease);
      return counter.wrap(lease);
    },
  };
  const journal = counter.wrap({ status: () => reporter.journal.status(), ...takesLease }) as Journal;
  const [schedule, reports] = [counter.wrap(reporter.schedule), counter.wrap(reporter.reports)];
  await untilCrash(reportOnce({ ...reporter, journal, schedule, reports, mostBytes: SMALL }));
  for (const lease of leases) await lease.end();
}

/** Passes, a minute apart, until nothing is left to tell. */
async function carryOn({ report, clock }: Scene): Promise<void> {
  for (let pass = 0; pass < 6; pass += 1) {
    clock.advance(MINUTE_MS);
    await report({ mostBytes: SMALL }).catch((error: unknown) => {
      if (!(error instanceof UpstreamError) && !(error instanceof RefusedError)) throw error;
    });
  }
}

/** What is wrong with how the images were told and noticed; empty when nothing is. */
async function wrongs(scene: Scene): Promise<string[]> {
  const found: string[] = [];
  for (const [index, amiId] of scene.amiIds.entries()) {
    const seen = scene.sightings(amiId);
    if (seen !== 1) found.push(`${amiId} is visible ${seen} times`);
    const image = await scene.image(amiId, index < 6 ? "us-east-1" : "eu-west-1");
    const { noticedAt = null, deleteAt = null } = image ?? {};
    if (noticedAt === null || deleteAt === null) found.push(`${amiId} has no deadline`);
    const told = scene.posts().find((text) => text.includes(amiId)) ?? "";
    const day = /before \*\*(?<day>[\d-]+)\*\*/.exec(told)?.groups?.["day"] ?? "none";
    if (!(Date.parse(day) <= (deleteAt ?? 0)) || !((deleteAt ?? 0) - (noticedAt ?? 0) >= 10 * DAY_MS))
      found.push(`${amiId} is told ${day}, and deleted ${String(deleteAt)}`);
  }
  const outlooks = scene.posts().filter((text) => text.includes("## Due before")).length;
  if (outlooks > 1) found.push(`${outlooks} outlooks`);
  return found;
}

forEachForge(t, STRIDES, (forge, isChosen) => {
  t.test(
    `${forge}: killed at any call between event and cursor, every entry is visible exactly once, and its image noticed`,
    async (t) => {
      const open = (): Promise<Scene> => openScene(t, forge);
      const { calls, kills } = await killEverywhere(t, { open, run: countedPass, carryOn, wrongs }, isChosen);
      const posts = calls.filter((name) => name === "publish").length;
      t.ok(posts >= 3, `${posts} posts`);
      t.comment(`sweep of calls (${forge}): ${calls.length} calls, ${kills} kills, ${posts} posts, 12 entries each`);
    },
  );

  t.test(
    `${forge}: whatever goes wrong with any call to it, every entry is visible exactly once, and its image noticed`,
    async (t) => {
      const dry = await openScene(t, forge);
      await dry.report({ mostBytes: SMALL });
      const calls = dry.forge.journal.map(({ method, path }) => `${method} ${path.replace(/\/api\/(?:0|v1)\//, "")}`);
      let passes = 0;
      for (const [row, trouble] of TROUBLES[forge].entries())
        for (const [index, call] of calls.entries()) {
          if (!isChosen(trouble, row + index)) continue;
          const scene = await openScene(t, forge);
          const { forge: double } = scene;
          const arm = (): void => {
            if (double.journal.length === index) double.fail({ trouble });
          };
          arm();
          double.onCall(arm);
          await carryOn(scene);
          passes += 1;
          t.same(await wrongs(scene), [], `${JSON.stringify(trouble)} at call ${index + 1} (${call})`);
        }
      t.comment(
        `sweep of ${forge}: ${calls.length} calls, ${TROUBLES[forge].length} troubles, ${passes} runs, 12 entries each`,
      );
    },
  );
});
