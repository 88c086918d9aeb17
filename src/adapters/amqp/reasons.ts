import type { AmqpConfig } from "../../config/amqp.ts";
import { describeError, UpstreamError } from "../../errors.ts";

const ELSE = "is it running, and are amqp_url or AMQP_URL and tls right?";

/** What helps, by what stands in the reason: RabbitMQ's sentences, then AMQP's reply codes, then Node's and OpenSSL's words. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /mechanism EXTERNAL|SASL mechanism/,
    "the broker takes no log-in by this certificate: mend tls.certfile and tls.keyfile, or ask who runs the broker",
  ],
  [/Login was refused|ACCESS_REFUSED - Login/i, "mend user and password in amqp_url or AMQP_URL"],
  [/vhost .*not found/, "mend the virtual host, the path in amqp_url or AMQP_URL (%2F for /)"],
  [
    /access to vhost/,
    "mend user or virtual host in amqp_url or AMQP_URL, or ask who runs the broker for the right to use it",
  ],
  [/no exchange/, "mend exchange in bindings: nobody has made it on this virtual host"],
  [/no queue/, "have it made by who runs the broker, or mend queues: passive_declares = true makes none"],
  [/exclusive use/, "another consumer has the queue for itself: end that one, or name another in queues"],
  [/acknowledgement .* timed out/, "nothing, if it is rare: what was not acknowledged comes again"],
  [/was it deleted/, "nothing, if it is rare: the queue is made again"],
  [/\b403\b/, "mend the names in queues and bindings, or ask who runs the broker for the right"],
  [/\b404\b/, "mend queues and bindings: it is not on this virtual host"],
  [/\b405\b/, "another connection has the queue for itself: end that one, or name another in queues"],
  [
    /\b406\b.*inequivalent/,
    "the queue was made with other properties: give these in queues, or set passive_declares = true",
  ],
  [/\b406\b/, "mend queues: the broker does not take these properties or arguments"],
  [/\b320\b/, "nothing, if it is back soon: who runs the broker has closed the connection"],
  [/\b530\b/, "mend amqp_url or AMQP_URL, queues and bindings: the broker does not allow this"],
  [/\b540\b/, "mend queues: the broker cannot do this"],
  [/\b(?:311|50\d|541)\b/, "ask who runs the broker: its log says more"],
  [/ENOTFOUND|EAI_AGAIN/, "mend the host in amqp_url or AMQP_URL, or this machine's name service"],
  [
    /altname|altnames/i,
    "mend the host in amqp_url or AMQP_URL: it must be the one that the broker's certificate is for",
  ],
  [
    /self[- ]signed|unable to (?:verify|get)|CERT_/i,
    "mend tls.ca_cert: it must hold the authority of the broker's certificate",
  ],
  [
    /alert (?:bad|unknown|unsupported|certificate|handshake)|CERTIFICATE_REQUIRED/i,
    "the broker does not take our certificate: mend tls.certfile and tls.keyfile, or renew them",
  ],
  [/key values mismatch/, "mend tls.certfile and tls.keyfile: the key is not the certificate's"],
  [
    /wrong version number|packet length/i,
    "the broker speaks no TLS there: mend scheme and port in amqp_url or AMQP_URL",
  ],
  [/takes no messages/, "nothing, if it is rare: who runs the broker has to free memory or disk"],
  [
    /has expired|not yet valid/,
    "the broker's certificate, or this machine's clock, is out of date: ask who runs the broker",
  ],
];

/** A broker that cannot be used, in one line without its password: its own reason, and the remedy that fits. */
export function unreachable(config: Pick<AmqpConfig, "url">, error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const { protocol, host, pathname } = new URL(config.url);
  const reason = describeError(error);
  const remedy = REMEDIES.find(([pattern]) => pattern.test(reason))?.[1] ?? ELSE;
  const message = `broker at ${protocol}//${host}${pathname} cannot be used: ${reason}: ${remedy}`;
  return new UpstreamError("amqp", codeOf(error), message, { cause: error });
}

/** The broker's reply code, or the system's word. */
function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === "string" || typeof code === "number" ? String(code) : "unreachable";
}
