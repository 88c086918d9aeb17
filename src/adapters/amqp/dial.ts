import { readFileSync } from "node:fs";
import { unescape } from "node:querystring";
import { connect, credentials, type ChannelModel } from "amqplib";
import { guardAmqplib, tearDown } from "./guard.ts";
import { unreachable } from "./reasons.ts";
import { within } from "../limit.ts";
import { readAddress } from "../../config/broker/address.ts";
import type { AmqpConfig } from "../../config/amqp.ts";
import type { TlsMaterial } from "../../config/tls.ts";
import { VERSION } from "../../config/version.ts";

/** Unless `?heartbeat=` says another number. */
const HEARTBEAT_S = 30;
/** The broker may be silent for so long while it is dialled. */
const SILENT_MS = 10_000;
/** From the first packet to a connection that can be used, however much is said meanwhile. */
const DIAL_MS = 20_000;

/** What fedora-messaging reserves for the client's author. */
const OURS = {
  product: "clean-amis",
  version: VERSION,
  information: "makes Fedora's nightly AMIs private, and later deletes them",
};

/**
 * Connects to the broker. Certificates, and an address in a file, are read anew, since they may have been renewed. Whoever is given the connection hears
 * of its end by `close`; its errors end no process. Throws `UpstreamError` with the broker's own reason, and when `stop`
 * aborts, which ends the wait at once.
 */
export async function dial(config: AmqpConfig, stop?: AbortSignal): Promise<ChannelModel> {
  guardAmqplib();
  let isWanted = true;
  try {
    stop?.throwIfAborted();
    const { address, options } = dialOf(config);
    const opening = connect(address, options).then((model) => {
      model.on("error", () => undefined);
      if (!isWanted) tearDown(model, "nobody waits for it any more");
      return model;
    });
    return await within(DIAL_MS, unlessStopped(opening, stop), "no connection");
  } catch (error) {
    isWanted = false;
    throw unreachable(config, error);
  }
}

/** The answer; throws as soon as `stop` aborts. */
export async function unlessStopped<T>(answer: Promise<T>, stop: AbortSignal | undefined): Promise<T> {
  if (stop === undefined) return answer;
  let end: (() => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    end = () => {
      reject(new Error("the service ends"));
    };
    stop.addEventListener("abort", end);
    if (stop.aborted) end();
  });
  try {
    return await Promise.race([answer, stopped]);
  } finally {
    if (end !== undefined) stop.removeEventListener("abort", end);
  }
}

function addressNow({ url, urlFile }: Pick<AmqpConfig, "url" | "urlFile">): string {
  if (urlFile === undefined) return url;
  return readAddress("AMQP_URL_FILE", readFileSync(urlFile, "utf8").trim()).url;
}

function dialOf(config: AmqpConfig) {
  const { protocol, hostname, port, pathname, username, password } = new URL(addressNow(config));
  const isSecure = protocol === "amqps:";
  const tls = isSecure ? tlsNow(config) : {};
  // The log-in by certificate, in which the broker takes the user's name from it, as fedora-messaging decides it.
  const isExternal = tls.cert !== undefined && tls.key !== undefined;
  const isNamed = username !== "" || password !== "";
  const address = {
    protocol: protocol.slice(0, -1),
    hostname: hostname === "" ? "localhost" : hostname.replace(/^\[|\]$/g, ""),
    ...(port !== "" && { port: Number(port) }),
    vhost: pathname.slice(1),
    heartbeat: config.heartbeatSeconds ?? HEARTBEAT_S,
  };
  const options = {
    ...tls,
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED and NODE_OPTIONS say.
    rejectUnauthorized: true,
    minVersion: "TLSv1.2" as const,
    timeout: SILENT_MS,
    keepAlive: true,
    noDelay: true,
    clientProperties: { ...tellable(config.clientProperties), ...OURS },
    credentials: isExternal
      ? credentials.external()
      : credentials.plain(isNamed ? unescape(username) : "guest", isNamed ? unescape(password) : "guest"),
  };
  return { address, options };
}

/** The files of `tls` as they are now. */
export function tlsNow({ tlsFiles }: Pick<AmqpConfig, "tlsFiles">): TlsMaterial {
  const { ca, key, cert } = tlsFiles;
  return {
    ...(ca !== undefined && { ca: readFileSync(ca) }),
    ...(key !== undefined && { key: readFileSync(key) }),
    ...(cert !== undefined && { cert: readFileSync(cert) }),
  };
}

/** A table as amqplib can write it: TOML has dates, and numbers that are none. */
function tellable(table: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [name, tellableValue(value)]));
}

function tellableValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tellableValue);
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object" && value !== null) return tellable(value as Readonly<Record<string, unknown>>);
  if (typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value))) return String(value);
  return value;
}
