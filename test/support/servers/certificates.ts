import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";

const DAY_MS = 86_400_000;

/** A certificate and its key, both as PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** For whom a certificate is, and when it counts. */
export interface Wanted {
  /** Its common name. */
  readonly subject: string;
  /** Addresses of IPv4 or names of hosts. */
  readonly names: readonly string[];
  readonly from: number;
  readonly until: number;
}

/** An authority of a test's own: X.509 (RFC 5280) in DER, as much of it as OpenSSL needs. */
export class Authority {
  /** As PEM. */
  readonly cert: string;
  readonly #name: string;
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });

  constructor(name: string) {
    this.#name = name;
    const wanted = { subject: name, names: [], from: Date.now() - DAY_MS, until: Date.now() + DAY_MS };
    this.cert = this.#certificate(this.#keys.publicKey, wanted, [BASIC_AUTHORITY]);
  }

  /** For this machine's address, and counting now, unless something else is said. */
  issue(wanted: Partial<Wanted> = {}): Identity {
    const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const usual = { subject: "a server", names: ["127.0.0.1"], from: Date.now() - DAY_MS, until: Date.now() + DAY_MS };
    const whole = { ...usual, ...wanted };
    const cert = this.#certificate(keys.publicKey, whole, [alternativeNames(whole.names)]);
    return { cert, key: keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
  }

  #certificate(key: KeyObject, { subject, from, until }: Wanted, extensions: readonly Buffer[]): string {
    const body = sequence(
      der(0xa0, integer(Buffer.from([2]))),
      integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
      SIGNED_BY,
      nameOf(this.#name),
      sequence(time(from), time(until)),
      nameOf(subject),
      key.export({ type: "spki", format: "der" }),
      der(0xa3, sequence(...extensions)),
    );
    const signature = sign("sha256", body, this.#keys.privateKey);
    const whole = sequence(body, SIGNED_BY, der(0x03, Buffer.from([0]), signature));
    const lines = whole.toString("base64").replaceAll(/.{64}/g, "$&\n");
    return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  }
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const integer = (bytes: Buffer): Buffer => der(0x02, bytes);
const identifier = (...bytes: readonly number[]): Buffer => der(0x06, Buffer.from(bytes));
const octets = (content: Buffer): Buffer => der(0x04, content);

/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2 (RFC 5758). */
const SIGNED_BY = sequence(identifier(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
/** basicConstraints, 2.5.29.19: critical, an authority. */
const BASIC_AUTHORITY = sequence(
  identifier(0x55, 0x1d, 0x13),
  der(0x01, Buffer.from([0xff])),
  octets(sequence(der(0x01, Buffer.from([0xff])))),
);

/** subjectAltName, 2.5.29.17. */
function alternativeNames(names: readonly string[]): Buffer {
  const each = names.map((name) =>
    /^[\d.]+$/.test(name) ? der(0x87, Buffer.from(name.split(".").map(Number))) : der(0x82, Buffer.from(name)),
  );
  return sequence(identifier(0x55, 0x1d, 0x11), octets(sequence(...each)));
}

/** commonName, 2.5.4.3. */
function nameOf(text: string): Buffer {
  return sequence(der(0x31, sequence(identifier(0x55, 0x04, 0x03), der(0x0c, Buffer.from(text)))));
}

/** GeneralizedTime: 20260131120000Z. */
function time(at: number): Buffer {
  return der(0x18, Buffer.from(`${new Date(at).toISOString().replaceAll(/[-:T]|\.\d+Z/g, "")}Z`));
}
