import { startComposeHost, type ComposeHost } from "../../../src/demo/outside/compose-host.ts";
import { startDatagrepper, type DatagrepperDouble } from "../../../src/demo/outside/datagrepper/double.ts";
import { startEc2Simulator, type Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { startPagureDouble, type PagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import { routingKeys } from "../../../src/domain/topics.ts";
import { serverUrl } from "../servers/redis/redis.ts";
import type { VirtualTime } from "./time.ts";

export const PROJECT = "releng/ami-reports";
export const OPERATOR = "relengbot";
const ACCOUNT = "125523088429";
export const SECRETS = {
  AWS_ACCESS_KEY_ID: "AKIDTEST",
  AWS_SECRET_ACCESS_KEY: "test-secret",
  PAGURE_ACCESS_TOKEN: "TEST0FORGE0TOKEN",
};

/** All that the service meets besides broker and Redis, by the time of this process. */
export interface Doubles {
  readonly simulator: Ec2Simulator;
  readonly forge: PagureDouble;
  readonly archive: DatagrepperDouble;
  readonly host: ComposeHost;
}

export async function openDoubles({ now }: Pick<VirtualTime, "now">): Promise<Doubles> {
  const simulator = await startEc2Simulator({ now, accounts: { [SECRETS.AWS_ACCESS_KEY_ID]: { id: ACCOUNT } } });
  const forge = await startPagureDouble({ now });
  forge.tracker.setProject(PROJECT, {});
  forge.setToken(SECRETS.PAGURE_ACCESS_TOKEN, { user: "clean-amis-bot" });
  return { simulator, forge, archive: await startDatagrepper({ now }), host: await startComposeHost(now) };
}

/** The shipped configuration, with these addresses and all acts allowed: periods and budgets are Fedora's. */
export function configText(
  { exchange, queue, prefix }: Readonly<Record<"exchange" | "queue" | "prefix", string>>,
  { simulator, forge, archive, host }: Doubles,
): string {
  return `amqp_url = "${serverUrl("TEST_AMQP_URL")}"

[queues.${queue}]
durable = true
auto_delete = false
exclusive = false
arguments = {}

[[bindings]]
queue = "${queue}"
exchange = "${exchange}"
routing_keys = ${JSON.stringify(routingKeys())}

[consumer_config]
act = "delete"
redis_url = "${serverUrl("TEST_REDIS_URL")}"
redis_prefix = "${prefix}"

[consumer_config.sources]
compose_host = "${host.url}"
datagrepper = "${archive.url}"
datagrepper_rate = 1000

[consumer_config.ec2]
endpoint = "${simulator.url}"

[consumer_config.report]
kind = "pagure"
url = "${forge.url}"
repo = "${PROJECT}"
operators = ["${OPERATOR}"]
`;
}
