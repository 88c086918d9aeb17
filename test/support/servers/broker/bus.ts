import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import type { Outgoing } from "../../../../src/demo/cast/messages.ts";
import { Ledger } from "../../../../src/demo/ledger.ts";
import { Publisher } from "../../../../src/demo/publisher.ts";
import { SECRETS, serviceConfig, type Addresses } from "../../../../src/demo/service-config.ts";
import { ServiceProcess } from "../../../../src/demo/service.ts";
import { serverUrl } from "../redis/redis.ts";

/** The service as a process on the run's own broker and Redis, with names of its own; all removed with the test. */
export interface ServiceBench {
  readonly at: Addresses;
  readonly publisher: Publisher;
  readonly ledger: Ledger;
  readonly configFile: string;
  /** Starts `consume`, with more in its environment, and resolves when it has bound its queue. */
  start(env?: Readonly<Record<string, string>>): Promise<ServiceProcess>;
}

export async function openBench(
  t: Test,
  redisUrl = serverUrl("TEST_REDIS_URL"),
  services: Partial<
    Pick<
      Addresses,
      "amqpUrl" | "ec2Url" | "datagrepperUrl" | "forge" | "forgeUrl" | "composeHostUrl" | "monitoringPort"
    >
  > = {},
): Promise<ServiceBench> {
  const name = `test-${randomUUID()}`;
  const nowhere = "http://127.0.0.1:9";
  const at = {
    amqpUrl: serverUrl("TEST_AMQP_URL"),
    redisUrl,
    ec2Url: nowhere,
    forge: "pagure" as const,
    forgeUrl: nowhere,
    composeHostUrl: "",
    datagrepperUrl: "",
    exchange: name,
    prefix: name,
    queue: randomUUID(),
    monitoringPort: null,
    ...services,
  };
  const dir = await mkdtemp(join(tmpdir(), "clean-amis-test-"));
  const configFile = join(dir, "config.toml");
  // Most of these tests are about hearing: with a day for a day nothing comes due.
  const isActing = services.ec2Url !== undefined;
  const config = isActing
    ? serviceConfig(at)
    : serviceConfig(at).replace('private_after = "5s"', 'private_after = "5d"');
  await writeFile(configFile, config);
  const publisher = await Publisher.open(serverUrl("TEST_AMQP_URL"), at.exchange);
  const ledger = new Ledger(serverUrl("TEST_REDIS_URL"), at.prefix);
  const started: ServiceProcess[] = [];
  t.teardown(async () => {
    for (const service of started) await service.end("SIGKILL");
    await publisher.remove(at.queue);
    await publisher.close();
    await ledger.remove();
    ledger.close();
    await rm(dir, { recursive: true });
  });
  return {
    at,
    publisher,
    ledger,
    configFile,
    start: async (env = {}) => {
      const service = new ServiceProcess(["consume", "--config", configFile], { ...SECRETS, ...env });
      started.push(service);
      await service.line((line) => line.msg === "consuming");
      return service;
    },
  };
}

/** `count` uploads of one nightly, each with one AMI of its own in one of four regions. */
export function uploads(count: number): readonly Outgoing[] {
  const regions = ["us-east-1", "us-west-2", "eu-west-1", "ap-south-1"];
  return Array.from({ length: count }, (_, index) =>
    outgoing("fedimg.image.publish", {
      compose: "Fedora-Rawhide-20261124.n.0",
      destination: regions[index % regions.length],
      service: "EC2",
      image_name: "Fedora-Cloud-Base-Rawhide-20261124.n.0.x86_64",
      extra: { id: `ami-${index.toString(16).padStart(17, "0")}` },
    }),
  );
}

export function outgoing(event: string, body: object | string): Outgoing {
  return {
    topic: `org.fedoraproject.prod.${event}`,
    messageId: randomUUID(),
    headers: { "sent-at": new Date().toISOString().replace(/\.\d+Z$/, "+00:00") },
    body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  };
}

/** Asks again and again until `isTrue`; a test that waits longer than `limitMs` fails with `what`. */
export async function until(what: string, isTrue: () => Promise<boolean>, limitMs = 120_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
