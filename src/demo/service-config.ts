import { routingKeys } from "../domain/topics.ts";

/** Who reports in the demo, and with what token: neither is known anywhere else. */
export const USER = "clean-amis-bot";
export const TOKEN = "DEMO0FORGE0TOKEN";

/** The forges that the demo can play with, and what people call them. */
export const FORGE_NAMES = { pagure: "Pagure", forgejo: "Forgejo" } as const;
export type ForgeName = keyof typeof FORGE_NAMES;

export interface Addresses {
  readonly amqpUrl: string;
  readonly redisUrl: string;
  readonly ec2Url: string;
  /** Where the reports go. */
  readonly forge: ForgeName;
  readonly forgeUrl: string;
  /** Empty: not asked. */
  readonly composeHostUrl: string;
  readonly datagrepperUrl: string;
  readonly exchange: string;
  readonly prefix: string;
  readonly queue: string;
  /** Of the status page on this machine; null: none is served. */
  readonly monitoringPort: number | null;
}

/** The longest day of the demo, in seconds. */
export const LONGEST_DAY_S = 600;

/**
 * The service's configuration: the shipped one with other addresses, all acts allowed, and `daySeconds` for a day, 1 to
 * `LONGEST_DAY_S`. `isTelling`: whether the bus is told, too.
 */
export function serviceConfig(at: Addresses, daySeconds = 1, { isTelling = false } = {}): string {
  const days = (count: number): string => `"${count * daySeconds}s"`;
  return `amqp_url = "${at.amqpUrl}"
${isTelling ? `topic_prefix = "org.fedoraproject.prod"\npublish_exchange = "${at.exchange}"\n` : ""}
[queues.${at.queue}]
durable = true
auto_delete = false
exclusive = false
arguments = {}

[[bindings]]
queue = "${at.queue}"
exchange = "${at.exchange}"
routing_keys = ${JSON.stringify(routingKeys())}

${at.monitoringPort === null ? "" : `[monitoring]\naddress = "127.0.0.1"\nport = ${at.monitoringPort}\n`}
[consumer_config]
act = "delete"
redis_url = "${at.redisUrl}"
redis_prefix = "${at.prefix}"

[consumer_config.schedule]
private_after = ${days(5)}
delete_after = ${days(10)}
unresolved_for = ${days(14)}
after_hold = ${days(3)}
lease = "20s"
tick_every = "1s"
report_every = ${days(1)}
hear_every = "5s"
first_backfill = "2d"

[consumer_config.budgets]
max_share_of_region = 1.0

[consumer_config.sources]
compose_host = "${at.composeHostUrl}"
datagrepper = "${at.datagrepperUrl}"
datagrepper_rate = 1000

[consumer_config.ec2]
endpoint = "${at.ec2Url}"
share = 1.0

[consumer_config.announce]
on = ${String(isTelling)}
every = "1s"

[consumer_config.report]
kind = "${at.forge}"
url = "${at.forgeUrl}"
repo = "fedora-cloud/ami-reports"
read_every = "1s"
`;
}

/** The service's secrets, as its unit file would give them. */
export const SECRETS = {
  AWS_ACCESS_KEY_ID: "AKIDDEMO",
  AWS_SECRET_ACCESS_KEY: "demo-secret",
  PAGURE_ACCESS_TOKEN: TOKEN,
  FORGEJO_ACCESS_TOKEN: TOKEN,
};
