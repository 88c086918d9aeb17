import { setTimeout as pause } from "node:timers/promises";
import type { RedisNode } from "../../servers/redis/redis-forms.ts";
import { EVERY, fault, OUTAGE_MS, standStill, tellMasters, type Fault } from "../fault.ts";
import type { Stage } from "../stage.ts";

/** A Redis of the row's own, in every form. */
const EACH: Pick<Fault, "forms" | "hurts"> = { forms: EVERY, hurts: ["redis"] };
/** What Redis had not written down, or its replica not yet heard of, is in the archive alone; each round has servers of its own. */
const LOSING: Pick<Fault, "hurts" | "isArchived"> = { hurts: ["redis"], isArchived: true };
const SEVERAL: Partial<Fault> = { ...LOSING, forms: ["sentinel", "cluster"], isOnce: true };

const CUT = ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"] as const;
const KEYS_A_STEP = 5;
const STEP_MS = 20;

/** The masters are told something, and later something else. */
function told(then: readonly string[], later: readonly string[]): Fault["play"] {
  return async (stage) => {
    await tellMasters(stage, ...then);
    await pause(OUTAGE_MS);
    await tellMasters(stage, ...later);
  };
}

async function masterEnds({ redis }: Stage, signal: "SIGKILL" | "SIGSTOP"): Promise<void> {
  const [master] = redis.masters;
  if (master === undefined) throw new Error("Redis is another one's");
  master.signal(signal);
  await redis.again(master);
}

async function changePassword(stage: Stage): Promise<void> {
  for (const password of ["another", ""]) {
    await tellMasters(stage, "CONFIG", "SET", "requirepass", password);
    await tellMasters(stage, ...CUT);
    if (password !== "") await pause(OUTAGE_MS);
  }
}

async function idOf({ admin }: RedisNode): Promise<string> {
  return (await admin.call("CLUSTER", "MYID")) as string;
}

/** The slots of all regions, one after the other. */
async function moveSlots(stage: Stage): Promise<void> {
  for (const key of stage.regionKeys) await moveSlotOf(key, stage);
}

/** A few keys at a time, so that what belongs together is on two servers meanwhile. */
async function moveSlotOf(oneKey: string, { redis }: Stage): Promise<void> {
  const { masters } = redis;
  const slot = Number(await masters[0]?.admin.call("CLUSTER", "KEYSLOT", oneKey));
  const asked = await Promise.allSettled(masters.map(({ admin }) => admin.exists(oneKey)));
  const owner = asked.findIndex(({ status }) => status === "fulfilled");
  const [from, to] = [masters[owner], masters[(owner + 1) % masters.length]];
  if (from === undefined || to === undefined) throw new Error("nobody has the slot");
  await to.admin.call("CLUSTER", "SETSLOT", slot, "IMPORTING", await idOf(from));
  await from.admin.call("CLUSTER", "SETSLOT", slot, "MIGRATING", await idOf(to));
  for (;;) {
    const keys = (await from.admin.call("CLUSTER", "GETKEYSINSLOT", slot, KEYS_A_STEP)) as readonly string[];
    if (keys.length === 0) break;
    await from.admin.call("MIGRATE", "127.0.0.1", to.port, "", 0, OUTAGE_MS, "KEYS", ...keys);
    await pause(STEP_MS);
  }
  const others = masters.filter((each) => each !== to);
  for (const { admin } of [to, ...others]) await admin.call("CLUSTER", "SETSLOT", slot, "NODE", await idOf(to));
}

export const OF_REDIS: readonly Fault[] = [
  fault("Redis is killed, and started anew", (stage) => masterEnds(stage, "SIGKILL"), LOSING),
  fault("the master is killed, and its replica promoted", (stage) => masterEnds(stage, "SIGKILL"), SEVERAL),
  fault("the master stands still, and its replica is promoted", (stage) => masterEnds(stage, "SIGSTOP"), SEVERAL),
  fault("slots are moved to another master", moveSlots, { forms: ["cluster"], hurts: ["redis"] }),
  fault(
    "Redis stands still",
    async ({ redis: { masters } }) => {
      await Promise.all(masters.map(standStill));
    },
    EACH,
  ),
  fault(
    "Redis has no memory left",
    told(["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]),
    EACH,
  ),
  fault("Redis forgets its scripts", (stage) => tellMasters(stage, "SCRIPT", "FLUSH"), EACH),
  fault(
    "Redis has lost its replicas, and takes no writes",
    told(["CONFIG", "SET", "min-replicas-to-write", "5"], ["CONFIG", "SET", "min-replicas-to-write", "0"]),
    EACH,
  ),
  fault(
    "Redis becomes a replica, and is the master again",
    told(["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]),
    { hurts: ["redis"] },
  ),
  fault("Redis' password is changed, and changed back", changePassword, { hurts: ["redis"] }),
  fault("a person closes all connections to Redis", (stage) => tellMasters(stage, ...CUT), EACH),
];
