import type { Config } from "./config.ts";
import { showHost } from "./redis/address.ts";
import { IS_SEEN } from "./report.ts";
import { isLoopback, tomlKey } from "./values.ts";
import { DEFAULT_POLICY } from "../domain/compose/classify.ts";
import { DEAF_AFTER_MS } from "../domain/limits/deaf.ts";

/** What is allowed in a configuration, and worth a second thought: one sentence each, with the key. */
export function risksOf(config: Config): readonly string[] {
  const { act, report, policy, ec2, budgets, environments, sources, amqp } = config;
  const unshipped = policy.products.filter((product) => !DEFAULT_POLICY.products.includes(product));
  const { protectingTags } = ec2.guards;
  const acts = act !== "nothing";
  const unbound = unboundQueues(config);
  const rows: readonly (readonly [boolean, string])[] = [
    [
      !IS_SEEN[report.kind] && report.isPublic,
      "report.allow_delete_without_public_notice = true: images are deleted without the public having been told",
    ],
    [
      act === "delete" && !report.isPublic,
      'act = "delete" with report.kind = "log": a log is no public notice, so nothing is deleted; set report.kind = "pagure" or "forgejo"',
    ],
    [
      act === "private" && !IS_SEEN[report.kind],
      'act = "private" with report.kind = "log": images go private and nobody is told; set report.kind = "pagure" or "forgejo"',
    ],
    [
      unshipped.length > 0,
      `policy.products has ${unshipped.join(", ")}: releases of other products may have dated labels, as Fedora-IoT's do`,
    ],
    [policy.products.length === 0, "policy.products is empty: nothing is ever deleted"],
    [policy.deleteUnlabelled, "policy.delete_unlabelled = true: a release whose metadata was lost is deleted as well"],
    [acts && !ec2.guards.inUse, "ec2.in_use = false: images that instances use are acted on"],
    [
      acts && ec2.guards.unusable === "pass",
      'ec2.unusable_guards = "pass": a guard that may not be asked protects nothing',
    ],
    [acts && protectingTags.length === 0, "ec2.protecting_tags is empty: nobody can protect an image by a tag"],
    [
      acts && protectingTags.length > 0 && !protectingTags.some(({ key }) => key === "FedoraGroup"),
      "ec2.protecting_tags lacks FedoraGroup: images of others in the account are told by their names alone",
    ],
    [acts && budgets.maxShareOfRegion === 1, "budgets.max_share_of_region = 1: a whole region may go in one day"],
    [acts && !environments.includes("prod"), "environments lacks prod: real images are acted on by messages of others"],
    [
      acts && environments.some((each) => each !== "prod"),
      "environments has more than prod: test messages act on real images",
    ],
    [
      acts && sources.datagrepper === null,
      "sources.datagrepper is empty: nobody knows what was missed, so nothing is acted on",
    ],
    [isPassiveFor("auto", amqp), "passive_declares = true with queue auto: nobody has made a queue of that name"],
    [
      isPassiveFor("", amqp),
      'passive_declares = true with queue "": a queue that the broker names is never there before',
    ],
    [unbound.length > 0, `bindings has none for the queue ${unbound.join(", ")}: it hears what others bound to it`],
    [isOpenPassword(amqp.url), "amqp_url: the password crosses the network in the open; use amqps"],
    ...announceRisks(config),
    ...redisRisks(config.redis),
    ...(acts ? pauseRisks(config) : []),
  ];
  return rows.filter(([isSo]) => isSo).map(([, risk]) => risk);
}

function announceRisks({ announce, amqp, act }: Config): readonly (readonly [boolean, string])[] {
  if (announce === null) return [];
  return [
    [
      announce.topicPrefix === "",
      'announce.on = true without topic_prefix: topics begin with clean_amis; Fedora\'s begin with "org.fedoraproject.prod"',
    ],
    [
      new URL(amqp.url).pathname === "/%2Fpublic_pubsub",
      "announce.on = true on Fedora's public broker: who only reads there may publish nothing",
    ],
    [act === "nothing", 'announce.on = true with act = "nothing": nothing is done, and nothing is told'],
  ];
}

/** What is wrong with posting as somebody whose comments are orders; null: nothing. `user`: the token's. */
export function operatorRisk(user: string, operators: readonly string[]): string | null {
  const named = operators.find((operator) => operator.toLowerCase() === user.toLowerCase());
  if (named === undefined) return null;
  return `report.operators has ${named}, whose token posts the reports: what the service and what ${named} writes come from one account; use a bot's`;
}

function isPassiveFor(queue: string, { passiveDeclares, queues }: Config["amqp"]): boolean {
  return passiveDeclares && queues.some(({ name }) => name === queue);
}

function unboundQueues({ amqp }: Pick<Config, "amqp">): readonly string[] {
  const isBound = ({ bindings }: Config["amqp"]["queues"][number]): boolean =>
    bindings.some(({ routing_keys: keys }) => keys.length > 0);
  return amqp.queues.filter((queue) => !isBound(queue)).map(({ name }) => tomlKey(name));
}

function isOpenPassword(address: string): boolean {
  const { protocol, password } = new URL(address);
  return protocol === "amqp:" && password !== "" && !isLoopback(address);
}

function redisRisks({ address, sentinel }: Config["redis"]): readonly (readonly [boolean, string])[] {
  const isFar = address.hosts.some((host) => !isLoopback(`redis://${showHost(host)}`));
  return [
    [
      isFar && !address.isTls && address.password !== "",
      "redis_url: the password crosses the network in the open; use rediss",
    ],
    [
      isFar && address.form === "sentinel" && !sentinel.isTls && sentinel.password !== "",
      'redis_sentinel.tls: the sentinels\' password crosses the network in the open; set it to "on"',
    ],
  ];
}

/** Pauses in which it grows so old what was heard that nothing may be done on it. */
function pauseRisks({
  hearEveryMs,
  report,
}: Pick<Config, "hearEveryMs" | "report">): readonly (readonly [boolean, string])[] {
  const means = "is an hour or more: an hour after each reading acts stop, until the next one";
  return [
    [hearEveryMs >= DEAF_AFTER_MS, `schedule.hear_every ${means}`],
    [IS_SEEN[report.kind] && report.readEveryMs >= DEAF_AFTER_MS, `report.read_every ${means}`],
  ];
}
