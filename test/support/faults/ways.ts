import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { Test } from "tap";
import type { RunningBroker } from "../../../src/demo/servers/rabbitmq.ts";
import { SECRET } from "../run/secrets.ts";
import { BrokerConsole, consoleOfRun } from "../servers/broker/broker-console.ts";
import { FrameReader, METHOD, nameOf } from "../servers/broker/frames.ts";
import { CuttableProxy } from "../servers/proxy.ts";
import type { FaultyRedis } from "./redis.ts";
import type { Stage } from "./stage.ts";

/** What lies between the service and its neighbours. */
export async function openWays(
  t: Test,
  brokerUrl: string,
  redis: FaultyRedis,
): Promise<Pick<Stage, "amqpProxy" | "redisProxy" | "acknowledged">> {
  const acknowledged: number[] = [];
  const amqpProxy = await CuttableProxy.open(brokerUrl, (client) => {
    noteAcknowledgements(client, acknowledged);
  });
  const redisProxy = redis.form === "alone" ? await CuttableProxy.open(redis.url) : null;
  t.teardown(() => Promise.all([amqpProxy.close(), redisProxy?.close()]));
  return { amqpProxy, redisProxy, acknowledged };
}

/** Null: it is another one's. */
export function consoleFor(t: Test, broker: RunningBroker | null): BrokerConsole | null {
  if (broker === null) return consoleOfRun(t);
  return broker.own === null ? null : BrokerConsole.open(t, broker.own);
}

/** A user of the service's own, where an administrator can make one. */
export async function logIn(t: Test, console: BrokerConsole | null, user: string): Promise<Stage["login"]> {
  if (console === null) return { user: "guest", password: "guest" };
  const password = `${SECRET}-${randomUUID()}`;
  await console.addUser(user, password);
  t.teardown(() => console.deleteUser(user));
  await console.permit(user, [".*", ".*", ".*"]);
  return { user, password };
}

export function urlWith(target: string, { user, password }: Stage["login"]): string {
  const url = new URL(target);
  [url.username, url.password] = [user, password];
  return url.href;
}

/** AMQP 0-9-1: what a client sends first is no frame yet. */
const GREETING_BYTES = 8;
const ACK = "60.80";

function noteAcknowledgements(client: Socket, acknowledged: number[]): void {
  const reader = new FrameReader();
  let greeting = GREETING_BYTES;
  client.on("data", (bytes: Buffer) => {
    for (const frame of reader.read(bytes.subarray(greeting)))
      if (frame.type === METHOD && nameOf(frame) === ACK) acknowledged.push(Date.now());
    greeting = Math.max(0, greeting - bytes.length);
  });
}
