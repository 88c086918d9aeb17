import { busViolations } from "./judge/bus.ts";
import type { CastImage } from "./cast/cast.ts";
import { wavesOf } from "./cast/messages.ts";
import { RUBBISH } from "./cast/noise.ts";
import { Hearer } from "./judge/hearer.ts";
import { violationsIn, type Call, type Post } from "./judge/judge.ts";
import { Ledger } from "./ledger.ts";
import { answerTo, objectAsSoonAsTold, PROJECT } from "./objector.ts";
import type { Ec2Simulator } from "./outside/ec2/simulator.ts";
import type { ForgeDouble } from "./outside/forge.ts";
import { Publisher } from "./publisher.ts";
import { SECRETS } from "./service-config.ts";
import { ServiceProcess } from "./service.ts";
import type { Stage, Summary } from "./stage.ts";
import { Story } from "./story.ts";
import { remainsIn } from "./world.ts";

/** A demo in which nothing happens for so long has failed, and says what is missing; a busy machine makes every wait longer. */
const QUIET_DAYS = 120;
const LATER_DAYS = 2.5;

/** Plays the demo: starts the service, sends the messages, watches until every fate is met, and judges. */
export async function perform(stage: Stage): Promise<Summary> {
  const since = Date.now();
  const ledger = new Ledger(stage.redisUrl, stage.prefix);
  const publisher = await Publisher.open(stage.amqpUrl, stage.exchange);
  const hearer = await Hearer.open(stage.amqpUrl, stage.exchange);
  const story = new Story(stage, since, hearer.messages);
  const service = new ServiceProcess(["consume", "--config", stage.configFile], SECRETS);
  const enough = new AbortController();
  const stopService = (): void => {
    enough.abort();
    void service.end();
  };
  stage.stop.addEventListener("abort", stopService);
  try {
    await service.line((line) => line.msg === "consuming");
    story.tell("clean-amis consume is running: it has bound its queue and waits");
    const objecting = objectAsSoonAsTold(stage.images, stage.tracking, (ms) => wait(ms, stage.stop), enough.signal);
    const { messages, announcedAt } = await sendAll(stage, publisher, story);
    await untilMet(stage, ledger, story);
    const unlikeOnBus = await heardAtLast(stage, hearer);
    enough.abort();
    await objecting;
    const unheard = await publisher.waiting(stage.queue);
    const code = await service.end();
    const known = await ledger.images();
    const calls = stage.simulator.journal.entries.map(callOf);
    const posts = postsOf(stage.tracking);
    const rejected = await ledger.rejected();
    const violations = [
      ...violationsIn(stage.images, {
        calls,
        posts,
        announcedAt: { bus: announcedAt, archive: stage.archivedAt },
        rejected,
        unheard,
        dayMs: stage.dayMs,
        expectedRejected: RUBBISH.length,
        remainsOf: (image) => remainsIn(stage.simulator, image),
        stageOf: (image) => known.get(`${image.region} ${image.amiId}`)?.stage ?? null,
      }),
      ...unlikeOnBus,
      ...(code === 0 ? [] : [`the service ended with ${String(code)}: ${service.complaints}`]),
      ...(stage.stop.aborted ? ["stopped before the end"] : []),
    ];
    const summary = summaryOf({ stage, messages, known, calls, posts, hearer, rejected, violations, since });
    story.end(summary);
    return summary;
  } finally {
    stage.stop.removeEventListener("abort", stopService);
    enough.abort();
    await service.end();
    if (!stage.isOwn) {
      await ledger.remove();
      await publisher.remove(stage.queue);
    }
    await Promise.all([publisher.close(), hearer.close()]);
    ledger.close();
    story.close();
  }
}

function summaryOf(from: {
  readonly stage: Stage;
  readonly messages: number;
  readonly known: Awaited<ReturnType<Ledger["images"]>>;
  readonly calls: readonly Call[];
  readonly posts: readonly Post[];
  readonly hearer: Pick<Hearer, "messages">;
  readonly rejected: number;
  readonly violations: readonly string[];
  readonly since: number;
}): Summary {
  const { stage, messages, known, calls, posts, hearer, rejected, violations, since } = from;
  return {
    messages,
    images: stage.images.length,
    stages: count([...known.values()].map(({ stage: name }) => name)),
    rules: count([...known.values()].map(({ rule }) => rule || "none")),
    ec2_calls: count(calls.map((call) => call.action)),
    reports: posts.filter(({ text }) => text.includes("clean-amis-part:")).length,
    bus: count(hearer.messages.map(({ kind }) => kind)),
    rejected,
    violations,
    seconds: Math.round((Date.now() - since) / 100) / 10,
  };
}

async function sendAll(
  stage: Stage,
  publisher: Publisher,
  story: Story,
): Promise<{ messages: number; announcedAt: number }> {
  const announcedAt = Date.now();
  const waves = wavesOf(stage.images, announcedAt);
  await publisher.send(waves.first);
  story.tell(`sent ${waves.first.length} messages: nightlies, dated composes, releases, a Beta, odd ones and rubbish`);
  await wait(LATER_DAYS * stage.dayMs, stage.stop);
  await publisher.send(waves.later);
  story.tell(`sent ${waves.later.length} more: a label that comes late, copies, one AMI under a second compose`);
  await untilPrivate(stage);
  await publisher.send(waves.lateReleases);
  story.tell("announced a compose as released whose images are private already: they must come back");
  const messages = waves.first.length + waves.later.length + waves.lateReleases.length;
  return { messages, announcedAt: Math.floor(announcedAt / 1000) * 1000 };
}

/**
 * Resolves when the images of the late release are private, and told: or when nothing happens any more, and the judge will
 * say so.
 */
async function untilPrivate(stage: Stage): Promise<void> {
  const { images, tracking, stop } = stage;
  const due = images.filter((image) => image.fate === "restored");
  const isQuiet = quietnessOf(stage);
  while (!isQuiet() && !stop.aborted) {
    const text = postsOf(tracking)
      .map((post) => post.text)
      .join("\n");
    if (due.every((image) => text.includes(image.amiId))) return;
    await wait(200, stop);
  }
}

/** Answers whether the service has changed nothing in EC2, and posted nothing, for `QUIET_DAYS`. */
function quietnessOf({ simulator, tracking, dayMs }: Stage): () => boolean {
  let [seen, since] = [-1, 0];
  return () => {
    const changes = simulator.journal.mutating().filter(({ errorCode }) => errorCode === null);
    const happened = changes.length + postsOf(tracking).length;
    if (happened !== seen) [seen, since] = [happened, Date.now()];
    return Date.now() - since > QUIET_DAYS * dayMs;
  };
}

/**
 * Resolves when every image stands where it must in the end, and everything is told; or when nothing happens any more. An
 * image that was deleted against its fate is waited for no longer: nothing brings it back.
 */
async function untilMet(stage: Stage, ledger: Ledger, story: Story): Promise<void> {
  const { images, tracking, stop } = stage;
  const ends = new Map<string, string>([
    ["deleted", "deleted"],
    ["kept", "kept"],
    ["restored", "kept"],
    ["held", "held"],
  ]);
  let isShown = false;
  const isQuiet = quietnessOf(stage);
  while (!isQuiet() && !stop.aborted) {
    const known = await ledger.images();
    const stageOf = (image: CastImage): string | undefined => known.get(`${image.region} ${image.amiId}`)?.stage;
    const queue = await ledger.deleteQueue("us-east-1");
    if (!isShown && queue.length > 0) story.showDeleteQueue(queue);
    isShown ||= queue.length > 0;
    const text = postsOf(tracking)
      .map((post) => post.text.split("## Deleted")[1] ?? "")
      .join("\n");
    const isMet = images.every((image) => {
      const end = ends.get(image.fate);
      const isTold =
        image.fate === "deleted"
          ? text.includes(image.amiId)
          : image.fate !== "held" || answerTo(image, tracking) !== null;
      const isLost = stageOf(image) === "deleted" && end !== "deleted";
      return end === undefined || isLost || (stageOf(image) === end && isTold);
    });
    if (isMet) return;
    await wait(500, stop);
  }
}

/**
 * What the bus was told otherwise than the public: nothing, as soon as they were told the same, or what is left when nothing happens
 * any more. A report that is made while the service stops is told to the bus when it starts again, and not judged.
 */
async function heardAtLast(stage: Stage, { messages }: Hearer): Promise<readonly string[]> {
  const isQuiet = quietnessOf(stage);
  for (;;) {
    const violations = busViolations(postsOf(stage.tracking), messages);
    if (violations.length === 0 || isQuiet() || stage.stop.aborted) return violations;
    await wait(200, stage.stop);
  }
}

function callOf(entry: Ec2Simulator["journal"]["entries"][number]): Call {
  const { at, region, action, mutating, errorCode, parameters } = entry;
  return { at, region: region ?? "", action, mutating, errorCode, words: Object.values(parameters).join(" ") };
}

/** Every post, with the time at which the forge had it. */
function postsOf({ tracker }: Pick<ForgeDouble, "tracker">): Post[] {
  return tracker
    .issues(PROJECT)
    .flatMap((issue) => [
      { at: issue.createdAt, text: issue.content },
      ...issue.comments.map((comment) => ({ at: comment.createdAt, text: comment.text })),
    ]);
}

function count(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

async function wait(ms: number, stop: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stop.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    stop.addEventListener("abort", end);
  });
}
