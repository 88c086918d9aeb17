import type { RegionBreakers } from "./breakers.ts";
import { lookAt, seenOf, useOf } from "./look.ts";
import { PLANNED_QUEUES } from "./queues.ts";
import { safeNow, checkAccount } from "./safety.ts";
import { unreadableCompose } from "../errors.ts";
import type { Consultation } from "../decide/consult.ts";
import { factsOf } from "../decide/word.ts";
import { classify, isByLabel, type Policy } from "../domain/compose/classify.ts";
import type { Image, Stage } from "../domain/image/image.ts";
import type { Periods } from "../domain/image/lifecycle.ts";
import type { Planned } from "../domain/plan/describe.ts";
import { planFor, type Guards } from "../domain/plan/plan.ts";
import type { Instant } from "../domain/time.ts";
import type { Facts, Images, Schedule, UsageMemory } from "../ports/index.ts";

/** Whoever plans what is to be done. */
export interface Surveyor {
  readonly schedule: Pick<Schedule, "newest">;
  readonly facts: Pick<Facts, "recall">;
  readonly images: Pick<Images, "look" | "isWayBackOpen" | "usersOf" | "publicSnapshots" | "snapshots">;
  readonly consultation: Pick<Consultation, "unanswered">;
  readonly breakers: Pick<RegionBreakers, "working" | "apart">;
  readonly periods: Periods;
  readonly guards: Guards;
  readonly policy: Policy;
  /** What is remembered of who uses images in other accounts, and how many accounts are for a person; null: nobody asks. */
  readonly usage: { readonly memory: Pick<UsageMemory, "read">; readonly keepFrom: number } | null;
}

/** Everything that is known of a batch: plans, and the images whose look failed. */
export interface Survey {
  readonly planned: readonly Planned[];
  readonly failures: readonly Failure[];
  /** Whether EC2 showed any of them. */
  readonly isAnyShown: boolean;
}

interface Failure {
  readonly image: Image;
  readonly error: unknown;
  /** The look at the whole batch failed: it says nothing about this image. */
  readonly isShared: boolean;
}

/** What a pass would do now, without claiming, asking or changing anything. Throws `UpstreamError`. */
export async function planRegion(
  region: string,
  surveyor: Surveyor & { readonly schedule: Pick<Schedule, "now" | "due">; readonly images: Pick<Images, "account"> },
  limit = 10_000,
): Promise<readonly Planned[]> {
  const now = await safeNow(surveyor);
  const due = (
    await Promise.all(PLANNED_QUEUES.map((queue) => surveyor.schedule.due(region, queue, now, limit)))
  ).flat();
  if (due.length > 0) await checkAccount(surveyor);
  const { planned, failures } = await survey(region, due, now, surveyor);
  const [failure] = failures;
  if (failure !== undefined && planned.length === 0) throw failure.error;
  return planned;
}

/**
 * Asks the sources about the composes whose images would go private on the strength of a label: once a compose, before the
 * first of them does. Also about those of which nothing is known any more, because Redis has lost it.
 */
export async function consultFor(
  batch: readonly Image[],
  now: Instant,
  {
    facts,
    policy,
    consultation,
  }: {
    readonly facts: Pick<Facts, "recall">;
    readonly policy: Policy;
    readonly consultation: Pick<Consultation, "about" | "unanswered">;
  },
): Promise<void> {
  const composesIn = (stage: Stage): Set<string> =>
    new Set(batch.filter((image) => image.stage === stage).map((image) => image.composeId));
  const going = composesIn("public");
  const known = await facts.recall([...new Set([...going, ...composesIn("private")])]);
  const unsure = known.filter((each) => {
    const decision = classify(each, policy);
    if (decision.kind === "unresolved") return true;
    return going.has(each.composeId) && isByLabel(decision) && consultation.unanswered(each, now).length > 0;
  });
  await Promise.all(unsure.map(({ composeId }) => consultation.about(composeId)));
}

/** Reads facts and EC2 for a batch of one region, and plans each image. */
export async function survey(
  region: string,
  batch: readonly Image[],
  now: Instant,
  surveyor: Surveyor,
): Promise<Survey> {
  const { images, policy, periods, guards, breakers } = surveyor;
  const planned: Planned[] = [];
  const failures: Failure[] = [];
  if (batch.length === 0) return { planned, failures, isAnyShown: false };
  try {
    const [known, looked] = await Promise.all([factsOf(batch, surveyor), seenOf(region, batch, surveyor)]);
    const { found: seen } = looked;
    const isWayBackOpen = batch.some((image) => image.stage === "public") && (await images.isWayBackOpen(region));
    const use = await useOf(region, batch, seen, surveyor);
    const usage = await usageOf(region, batch, surveyor);
    for (const image of batch) {
      const facts = known.get(image.composeId);
      const failed = looked.failed.get(image.amiId) ?? use.failed.get(image.amiId);
      if (facts === undefined || failed !== undefined) {
        failures.push({ image, error: failed ?? unreadableCompose(image.composeId), isShared: false });
        continue;
      }
      try {
        const shown = seen.get(image.amiId) ?? null;
        const look = await breakers.working(image, () =>
          lookAt(image, facts, shown, { now, isWayBackOpen, use, usage }, surveyor),
        );
        planned.push({ image, plan: planFor(image, classify(facts, policy), look, { now, periods, guards }) });
      } catch (error) {
        failures.push({ image, error, isShared: false });
      }
    }
    return { planned, failures, isAnyShown: seen.size > 0 };
  } catch (error) {
    return { planned: [], failures: batch.map((image) => ({ image, error, isShared: true })), isAnyShown: false };
  }
}

async function usageOf(region: string, batch: readonly Image[], { usage }: Pick<Surveyor, "usage">) {
  if (usage === null) return null;
  const amiIds = batch.filter(({ stage }) => stage === "public").map(({ amiId }) => amiId);
  return { known: await usage.memory.read(region, amiIds), keepFrom: usage.keepFrom };
}
