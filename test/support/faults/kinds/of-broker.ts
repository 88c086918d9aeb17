import { setTimeout as pause } from "node:timers/promises";
import { administrator, fault, OUTAGE_MS, standStill, type Fault } from "../fault.ts";
import type { Stage } from "../stage.ts";

/** A broker of the row's own. */
const OWN: Pick<Fault, "hurts"> = { hurts: ["broker"] };
/** What is published while there is no queue is nowhere but in the archive. */
const NO_QUEUE: Pick<Fault, "isArchived" | "said"> = {
  isArchived: true,
  said: [/the broker cancelled the consumer of .*: was it deleted\?/],
};

function ownBroker({ broker }: Stage): NonNullable<NonNullable<Stage["broker"]>["own"]> {
  const own = broker?.own ?? null;
  if (own === null) throw new Error("the broker is another one's");
  return own;
}

async function brokerEnds(stage: Stage, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const own = ownBroker(stage);
  own.signal(signal);
  await own.again();
}

const LOW_ON_MEMORY = "{resource_limit, memory, node()}";

async function alarm(stage: Stage): Promise<void> {
  await administrator(stage).ask(`rabbit_alarm:set_alarm({${LOW_ON_MEMORY}, []})`);
  await pause(OUTAGE_MS);
  await administrator(stage).ask(`rabbit_alarm:clear_alarm(${LOW_ON_MEMORY})`);
}

/** A channel heeds what was said before it was opened. */
async function waitASecondOnly(stage: Stage): Promise<void> {
  for (const [name, ms] of [
    ["consumer_timeout", 1_000],
    ["channel_tick_interval", 500],
  ] as const)
    await administrator(stage).ask(`application:set_env(rabbit, ${name}, ${ms})`);
}

/** Redis is away, so that nothing can be acknowledged. */
async function keepWaiting({ redisProxy }: Stage): Promise<void> {
  redisProxy?.cut();
  await pause(2 * OUTAGE_MS);
  redisProxy?.mend();
}

const EVERYTHING = [".*", ".*", ".*"] as const;
const NOTHING = ["^$", "^$", "^$"] as const;

async function takeRights(stage: Stage): Promise<void> {
  const [console, { user }] = [administrator(stage), stage.login];
  await console.permit(user, NOTHING);
  await console.closeConnections(user);
  await pause(OUTAGE_MS);
  await console.permit(user, EVERYTHING);
}

async function changePassword(stage: Stage): Promise<void> {
  const [console, { user, password }] = [administrator(stage), stage.login];
  await console.changePassword(user, `${password}-anew`);
  await console.closeConnections(user);
  await pause(OUTAGE_MS);
  await console.changePassword(user, password);
}

export const OF_BROKER: readonly Fault[] = [
  fault(
    "a person closes all connections to the broker",
    async (stage) => {
      await administrator(stage).ask('rabbit_networking:close_all_connections("closed by a person")');
    },
    { ...OWN, said: [/320 .*closed by a person/] },
  ),
  fault("the broker is killed", (stage) => brokerEnds(stage, "SIGKILL"), OWN),
  fault("the broker is killed, and has a quorum queue", (stage) => brokerEnds(stage, "SIGKILL"), {
    ...OWN,
    queue: '{ x-queue-type = "quorum" }',
  }),
  fault("the broker is stopped", (stage) => brokerEnds(stage, "SIGTERM"), { ...OWN, said: [/320 .*shutdown/] }),
  fault("the broker stands still", (stage) => standStill(ownBroker(stage)), OWN),
  fault("the broker has no memory left, and takes nothing", alarm, {
    ...OWN,
    isAnnounced: true,
    said: [/the broker takes no messages/, /the broker takes messages again/],
  }),
  fault("the broker waits a second for an acknowledgement, and Redis is away for longer", keepWaiting, {
    ...OWN,
    prepare: waitASecondOnly,
    said: [/406 .*timed out/],
  }),
  fault("the queue is deleted", (stage) => stage.queue.remove(), NO_QUEUE),
  fault(
    "the queue is made anew with other arguments, and later as it was",
    async ({ queue }) => {
      await queue.makeOther();
      await pause(OUTAGE_MS);
      await queue.remove();
    },
    { ...NO_QUEUE, said: [/406 .*inequivalent arg 'x-max-length'/] },
  ),
  fault("the service's rights at the broker are taken, and given back", takeRights, { said: [/403 .*refused/] }),
  fault("the service's password at the broker is changed, and changed back", changePassword, {
    said: [/Login was refused/],
  }),
];
