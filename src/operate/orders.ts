import { changeImage } from "../decide/change.ts";
import type { Image } from "../domain/image/image.ts";
import type { Change, Periods } from "../domain/image/lifecycle.ts";
import { carryOut } from "../domain/image/order.ts";
import { ceilSecond, type Instant } from "../domain/time.ts";
import { describeError, isForeign, UpstreamError } from "../errors.ts";
import type { Answer, Clock, Facts, Log, PlacedOrder, Orders, Schedule } from "../ports/index.ts";

/** Who carries out what people order. */
export interface Clerk {
  readonly orders: Orders;
  readonly schedule: Schedule;
  readonly facts: Facts;
  readonly clock: Clock;
  readonly log: Log;
  readonly periods: Periods;
}

/** What one order takes. */
interface Work extends Pick<Clerk, "schedule" | "facts" | "clock" | "periods"> {
  /** Asked before each change: an order that another process has meanwhile carried out must not be repeated after later ones. */
  readonly confirm: () => Promise<void>;
}

const BATCH = 100;

const LATE = "nothing: the end of the hold is past";

const UNREADABLE: Answer = {
  region: null,
  amiId: null,
  happened: "not understood: the order in Redis is not as clean-amis writes it",
  next: "nothing is done; give it again with clean-amis",
};

const UNCONFIRMED: Answer = {
  region: null,
  amiId: null,
  happened: "not confirmed by a replica of Redis",
  next: "after a failover look whether it still stands, and give it again if not",
};

/**
 * Carries out what people asked for, in order, and answers each. Does nothing while another process is at it. Safe to repeat:
 * an order that was carried out when the process died is answered again. Resolves to how many. Throws `UpstreamError`.
 */
export async function carryOutOrders({ orders, log, ...clerk }: Clerk): Promise<number> {
  const waiting = await orders.waiting(BATCH);
  if (waiting.length === 0) return 0;
  const lease = await orders.lease();
  if (lease === null) return 0;
  const work = { ...clerk, confirm: () => lease.confirm() };
  try {
    for (const { id, order } of waiting) {
      const answers = order === null ? [UNREADABLE] : await answersOrBug(order, work, log);
      // Whoever is told that an image is held relies on it; of what else is lost in a failover, the image is kept the longer.
      const isLoose = order !== null && isHolding(order.verb) && (await lease.kept()) === "unconfirmed";
      await orders.answer(id, isLoose ? [...answers, UNCONFIRMED] : answers);
      log.info({ verb: order?.verb, by: order?.by, compose: order?.composeId, answers: answers.length }, "order done");
    }
    return waiting.length;
  } finally {
    await lease.end();
  }
}

/** An order that makes our code throw is answered with the bug: it must not stand before the others for ever. */
async function answersOrBug(order: PlacedOrder, work: Work, log: Pick<Log, "error">): Promise<readonly Answer[]> {
  try {
    return order.composeId === null ? await onImages(order, work) : await onCompose(order, order.composeId, work);
  } catch (error) {
    if (error instanceof UpstreamError) throw error;
    if (isForeign(error)) {
      const next = "give it again when that is mended; an image can be named by its id";
      return [{ region: null, amiId: null, happened: `not done: ${error.message}`, next }];
    }
    log.error({ error: describeError(error), verb: order.verb }, "bug while carrying out an order");
    return [{ region: null, amiId: null, happened: `not done, by a bug: ${describeError(error)}`, next: "report it" }];
  }
}

async function onImages(order: PlacedOrder, work: Omit<Work, "clock">): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const { region, amiId } of order.images) {
    answers.push(
      (await onOne(region, amiId, order, work)) ?? {
        region,
        amiId,
        happened: "not known",
        next: "nothing is done to it: no message named it",
      },
    );
  }
  return answers;
}

/** Null: it has no record. One whose record cannot be read keeps nobody else from being held. */
async function onOne(
  region: string,
  amiId: string,
  order: PlacedOrder,
  work: Omit<Work, "clock">,
): Promise<Answer | null> {
  try {
    const image = await work.schedule.get(region, amiId);
    return image === null ? null : await onImage(image, order, work);
  } catch (error) {
    if (!isForeign(error)) throw error;
    const next = "nothing is done to it by the service, until the people who run it have mended the record";
    return { region, amiId, happened: "not done: its record cannot be read", next };
  }
}

/** The compose first, so that an image which arrives meanwhile is covered; then the images that are there. */
async function onCompose(order: PlacedOrder, composeId: string, { clock, ...work }: Work): Promise<Answer[]> {
  const { facts, schedule, confirm } = work;
  await confirm();
  const answers: Answer[] = [];
  const about = (happened: string, next: string): void => {
    answers.push({ region: null, amiId: null, happened, next });
  };
  const now = ceilSecond(clock.now());
  // A hold that is over must not take the place of one that stands.
  if (isLate(order, now)) about(LATE, "its images go on as told below");
  else if (isHolding(order.verb)) {
    const { by, why, until } = order;
    await facts.hold(composeId, { by, why, until, since: now });
    about(`${composeId} is held`, "its images to come are held, too");
  }
  if (order.verb === "release") {
    await facts.hold(composeId, null);
    about(`the hold on ${composeId} is over`, "its images go on as told below");
  }
  for (const region of await schedule.regions())
    for (const amiId of await schedule.amiIdsOf(region, composeId)) {
      const answer = await onOne(region, amiId, order, work);
      if (answer !== null) answers.push(answer);
    }
  return answers;
}

async function onImage(
  image: Image,
  order: PlacedOrder,
  { schedule, facts, periods, confirm }: Omit<Work, "clock">,
): Promise<Answer> {
  await confirm();
  const [known] = await facts.recall([image.composeId]);
  const composeHold = known?.hold ?? null;
  const answers: Answer[] = [];
  const changeOf = (current: Image, at: Instant): Change | null => {
    const now = ceilSecond(at);
    const { change, happened, next } = isLate(order, now)
      ? { change: null, happened: LATE, next: "it goes on as it was" }
      : carryOut(current, order, { periods, now, composeHold });
    // The last reading is the one that counts.
    answers[0] = { region: current.region, amiId: current.amiId, happened, next };
    return change;
  };
  await changeImage(image, changeOf, { schedule });
  const [answer] = answers;
  if (answer === undefined) throw new Error(`${image.region} ${image.amiId}: nothing was tried`);
  return answer;
}

/** A hold may end before it is carried out. */
function isLate({ verb, until }: PlacedOrder, now: Instant): boolean {
  return isHolding(verb) && until !== null && until <= now;
}

function isHolding(verb: PlacedOrder["verb"]): boolean {
  return verb === "hold" || verb === "restore";
}
