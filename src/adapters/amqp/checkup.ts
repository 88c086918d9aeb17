import { connect as connectTls, type TLSSocket } from "node:tls";
import type { ChannelModel } from "amqplib";
import { unlessAbandoned, wantedSignal } from "../abandon.ts";
import { dial, tlsNow } from "./dial.ts";
import { tearDown } from "./guard.ts";
import { unreachable } from "./reasons.ts";
import type { AmqpConfig } from "../../config/amqp.ts";
import { describeError } from "../../errors.ts";
import type { BrokerCheckup, BrokerState } from "../../ports/index.ts";

const TLS_PORT = 5671;
const HANDSHAKE_MS = 10_000;
/** AMQP 0-9-1, reply codes. */
const NOT_FOUND = 404;
const RESOURCE_LOCKED = 405;

/** A broker that is asked and told nothing: everything is declared passively, each on a channel of its own. */
export function brokerCheckup(config: AmqpConfig): BrokerCheckup {
  return {
    certificate: () => peerCertificate(config),
    look: async (exchanges, queue) => {
      const wanted = wantedSignal();
      const model = await dial(config, wanted);
      const end = (): void => {
        tearDown(model, "nobody waits for it any more");
      };
      wanted?.addEventListener("abort", end);
      try {
        const missing = await Promise.all(
          exchanges.map(async (name) =>
            (await asked(model, (channel) => channel.checkExchange(name))) === "missing" ? [name] : [],
          ),
        );
        return {
          product: productOf(model),
          missingExchanges: missing.flat(),
          queue: queue === null ? null : await lookAtQueue(model, queue),
        };
      } catch (error) {
        throw unreachable(config, error);
      } finally {
        wanted?.removeEventListener("abort", end);
        await model.close().catch((error: unknown) => {
          // The broker was quicker, and what it said is thrown already.
          tearDown(model, describeError(error));
        });
      }
    },
  };
}

async function lookAtQueue(model: ChannelModel, queue: string): Promise<BrokerState["queue"]> {
  const found = await asked(model, (channel) => channel.checkQueue(queue));
  return typeof found === "string" ? found : { messages: found.messageCount, consumers: found.consumerCount };
}

type Channel = Awaited<ReturnType<ChannelModel["createChannel"]>>;

/** A passive declaration closes its channel when the answer is no. */
async function asked<T>(
  model: ChannelModel,
  ask: (channel: Channel) => Promise<T>,
): Promise<T | "missing" | "exclusive"> {
  const channel = await model.createChannel();
  channel.on("error", () => undefined);
  try {
    const answer = await ask(channel);
    await channel.close();
    return answer;
  } catch (error) {
    const code = (error as { readonly code?: unknown }).code;
    if (code === NOT_FOUND) return "missing";
    if (code === RESOURCE_LOCKED) return "exclusive";
    throw error;
  }
}

function productOf({ connection }: ChannelModel): string {
  const { product, version } = connection.serverProperties;
  return `${product} ${version}`;
}

/** The certificate alone, in a connection that says nothing of AMQP, so that one that keeps us out can be told. */
async function peerCertificate(config: AmqpConfig): ReturnType<BrokerCheckup["certificate"]> {
  const { protocol, hostname, port } = new URL(config.url);
  if (protocol !== "amqps:") return null;
  const host = hostname.replace(/^\[|\]$/g, "");
  const socket = connectTls({
    ...tlsNow(config),
    host,
    port: port === "" ? TLS_PORT : Number(port),
    ...(/[a-z]/i.test(host) && { servername: host }),
    // What is wrong with it is what we want to know.
    rejectUnauthorized: false,
    timeout: HANDSHAKE_MS,
  });
  try {
    await unlessAbandoned(() => secured(socket));
    const raw = socket.getPeerX509Certificate();
    if (raw === undefined) return null;
    const distrust = socket.authorized ? null : String(socket.authorizationError);
    return { pem: raw.toString(), distrust };
  } catch (error) {
    throw unreachable(config, error);
  } finally {
    socket.destroy();
  }
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
    socket.once("timeout", () => {
      reject(new Error(`no TLS handshake within ${HANDSHAKE_MS} ms`));
    });
  });
}
