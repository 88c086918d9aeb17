import { findServers } from "../../../src/demo/servers/find.ts";
import { openGuarded } from "../../../src/demo/servers/guarded.ts";
import { startRabbitmq, type BrokerNode, type RunningBroker } from "../../../src/demo/servers/rabbitmq.ts";
import { startRedis, type RunningServer } from "../../../src/demo/servers/redis.ts";

/** Does something with a Redis that nobody else has, named in the environment that it gives. Throws `SetupError`. */
export type Apart = <T>(work: (env: NodeJS.ProcessEnv) => Promise<T>) => Promise<T>;

/**
 * Starts one private Redis and one private RabbitMQ for all tests, gives `work` the environment of a test, and stops them. When
 * TEST_REDIS_URL and TEST_AMQP_URL are set, those servers are used. `say` is told how long it took. Throws `SetupError`.
 */
export async function withServers<T>(
  stop: AbortSignal,
  say: (line: string) => void,
  work: (env: NodeJS.ProcessEnv, apart: Apart) => Promise<T>,
): Promise<T> {
  if (process.env["TEST_REDIS_URL"] && process.env["TEST_AMQP_URL"]) {
    const env = testEnvironment({});
    return await work(env, (one) => one(env));
  }
  const servers = await findServers({ signal: stop });
  const start = performance.now();
  // What tests put into their temporary directories goes with this one, also when a test was killed in the middle.
  const scratch = await openGuarded();
  // Both at once, but each one's failure waits for the other, so that nothing is left behind.
  const started = await Promise.allSettled([startRedis(servers.redis), startRabbitmq(servers.rabbitmq)]);
  try {
    const [redis, rabbitmq] = started.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    }) as [RunningServer, RunningBroker];
    say(`set-up  Redis and RabbitMQ started (${((performance.now() - start) / 1000).toFixed(1)} s)`);
    const given = {
      TMPDIR: scratch.dir,
      TEST_REDIS_URL: redis.url,
      TEST_AMQP_URL: rabbitmq.url,
      TEST_AMQP_NODE: JSON.stringify(nodeOf(rabbitmq)),
      TEST_REDIS_CLI: servers.redisCli ?? "",
    };
    const env = testEnvironment(given);
    return await work(env, async (one) => {
      const own = await startRedis(servers.redis);
      return await one({ ...env, TEST_REDIS_URL: own.url }).finally(own.stop);
    });
  } finally {
    for (const result of started) if (result.status === "fulfilled") await result.value.stop();
    await scratch.stop();
  }
}

/** How tests reach the broker past AMQP; null: it is not ours. */
function nodeOf({ own }: RunningBroker): BrokerNode | null {
  return own === null ? null : { node: own.node, erl: own.erl, home: own.home, epmdPort: own.epmdPort };
}

/** The tests' environment: nothing of the caller's that could lead them to a real service. */
function testEnvironment(servers: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const mine = Object.entries(process.env).filter(
    ([name]) => !/^(AMQP_URL|REDIS_URL|FEDORA_MESSAGING_|AWS_|PAGURE_)/.test(name),
  );
  // The SDK would say in every process that Node 20 will be left behind.
  const quiet = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" };
  return { ...Object.fromEntries(mine), ...quiet, ...servers };
}
