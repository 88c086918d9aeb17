import { changeImage } from "../decide/change.ts";
import type { Image } from "../domain/image/image.ts";
import type { Periods } from "../domain/image/lifecycle.ts";
import { carryOut } from "../domain/image/order.ts";
import { ceilSecond, type Instant } from "../domain/time.ts";
import { describeError, UpstreamError } from "../errors.ts";
import type { Answer, Clock, Facts, Log, PlacedOrder, Orders, Schedule } from "../ports/index.ts";

export interface OrderParts {
  readonly orders: Orders;
  readonly schedule: Schedule;
  readonly facts: Facts;
  readonly clock: Clock;
  readonly log: Log;
  readonly periods: Periods;
}

const BATCH = 100;

interface WorkParts extends OrderParts {
  /** Asked before each change: an order that another process has meanwhile carried out must not be repeated after later ones. */
  readonly confirm: () => Promise<void>;
}

const UNREADABLE: Answer = {
  region: null,
  amiId: null,
  happened: "not understood: the order in Redis is not as clean-amis writes it",
  next: "nothing is done; give it again with clean-amis",
};

/**
 * Carries out what people asked for, in order, and answers each. Does nothing while another process is at it. Safe to repeat:
 * an order that was carried out when the process died is answered again. Resolves to how many. Throws `UpstreamError`.
 */
export async function carryOutOrders(parts: OrderParts): Promise<number> {
  const { orders: requests, log } = parts;
  const orders = await requests.waiting(BATCH);
  if (orders.length === 0) return 0;
  const lease = await requests.lease();
  if (lease === null) return 0;
  try {
    for (const { id, order } of orders) {
      const answers = await answersTo(order, { ...parts, confirm: () => lease.confirm() });
      await requests.answer(id, answers);
      log.info(
        { verb: order?.verb, by: order?.by, compose: order?.composeId, answers: answers.length },
        "request done",
      );
    }
    return orders.length;
  } finally {
    await lease.release();
  }
}

/** An order that makes our code throw is answered with the bug: it must not stand before the others for ever. */
async function answersTo(order: PlacedOrder | null, parts: WorkParts): Promise<readonly Answer[]> {
  if (order === null) return [UNREADABLE];
  try {
    return order.composeId === null ? await onImages(order, parts) : await onCompose(order, order.composeId, parts);
  } catch (error) {
    if (error instanceof UpstreamError) throw error;
    parts.log.error({ error: describeError(error), verb: order.verb }, "bug while carrying out a request");
    return [{ region: null, amiId: null, happened: `not done, by a bug: ${describeError(error)}`, next: "report it" }];
  }
}

async function onImages(order: PlacedOrder, parts: WorkParts): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const { region, amiId } of order.images) {
    const image = await parts.schedule.get(region, amiId);
    answers.push(
      image === null
        ? { region, amiId, happened: "not known", next: "nothing is done to it: no message named it" }
        : await onImage(image, order, parts),
    );
  }
  return answers;
}

/** The compose first, so that an image which arrives meanwhile is covered; then the images that are there. */
async function onCompose(order: PlacedOrder, composeId: string, parts: WorkParts): Promise<Answer[]> {
  const { facts, schedule, clock, confirm } = parts;
  await confirm();
  const answers: Answer[] = [];
  const about = (happened: string, next: string): void => {
    answers.push({ region: null, amiId: null, happened, next });
  };
  if (order.verb === "hold" || order.verb === "restore") {
    const { by, why, until } = order;
    await facts.hold(composeId, { by, why, until, since: ceilSecond(clock.now()) });
    about(`${composeId} is held`, "its images to come are held, too");
  }
  if (order.verb === "release") {
    await facts.hold(composeId, null);
    about(`the hold on ${composeId} is over`, "its images go on as told below");
  }
  const images = await schedule.ofCompose(composeId);
  for (const image of images) answers.push(await onImage(image, order, parts));
  return answers;
}

async function onImage(image: Image, order: PlacedOrder, parts: WorkParts): Promise<Answer> {
  await parts.confirm();
  const [known] = await parts.facts.recall([image.composeId]);
  const composeHold = known?.hold ?? null;
  const answers: Answer[] = [];
  await changeImage(
    image,
    (current, at) => {
      const now = ceilSecond(at);
      const { change, happened, next } = isLate(order, now)
        ? { change: null, happened: "nothing: the end of the hold is past", next: "it goes on as it was" }
        : carryOut(current, order, { periods: parts.periods, now, composeHold });
      // The last reading is the one that counts.
      answers[0] = { region: current.region, amiId: current.amiId, happened, next };
      return change;
    },
    parts,
  );
  const [answer] = answers;
  if (answer === undefined) throw new Error(`${image.region} ${image.amiId}: nothing was tried`);
  return answer;
}

/** A hold may end before it is carried out. */
function isLate({ verb, until }: PlacedOrder, now: Instant): boolean {
  return (verb === "hold" || verb === "restore") && until !== null && until <= now;
}
