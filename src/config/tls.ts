import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { unreadable } from "./file.ts";
import { ConfigError, describeError } from "../errors.ts";

/** The files of `[tls]`, by what they are for. */
export interface TlsFiles {
  readonly ca?: string;
  readonly key?: string;
  readonly cert?: string;
}

/** What stands in them. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly key?: Buffer;
  readonly cert?: Buffer;
}

/** The tables' own names of the three. */
const KEYS = { ca: "ca_cert", key: "keyfile", cert: "certfile" } as const;

const CERTIFICATES = /^-----BEGIN (?<kind>(?:X509 |TRUSTED )?CERTIFICATE)-----[^-]+^-----END \k<kind>-----/gm;
const HAS_KEY = /^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/m;
const IS_LOCKED = /^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/**
 * Reads the files of `[tls]`, and finds what is wrong with them before anybody is dialled: certificates that are none, a key
 * that cannot be used or is another's, files that were swapped. `file` is the configuration's. Throws `ConfigError`.
 */
export function readTls(file: string, files: TlsFiles): TlsMaterial {
  for (const [one, other] of [
    ["key", "cert"],
    ["cert", "key"],
  ] as const)
    if (files[one] !== undefined && files[other] === undefined)
      throw new ConfigError(
        `${file}: tls.${KEYS[one]} without tls.${KEYS[other]}: the two go together: add tls.${KEYS[other]}, or take tls.${KEYS[one]} out`,
      );
  const read = (part: keyof TlsFiles): TlsFile | null =>
    files[part] === undefined ? null : readTlsFile(file, part, files[part]);
  const [ca, key, cert] = [read("ca"), read("key"), read("cert")];
  if (ca !== null) checkAuthorities(ca);
  if (key !== null && cert !== null) checkPair(key, cert);
  const material = { ...(ca && { ca: ca.bytes }), ...(key && { key: key.bytes }), ...(cert && { cert: cert.bytes }) };
  try {
    createSecureContext(material);
  } catch (error) {
    const names = [ca, key, cert].flatMap((each) => each?.name ?? []).join(", ");
    throw new ConfigError(`${names}: OpenSSL refuses them: ${describeError(error)}: mend them, or give others`, {
      cause: error,
    });
  }
  return material;
}

interface TlsFile {
  /** For complaints: key and path. */
  readonly name: string;
  readonly path: string;
  readonly bytes: Buffer;
  readonly text: string;
}

function readTlsFile(file: string, part: keyof TlsFiles, path: string): TlsFile {
  const name = `tls.${KEYS[part]}: file ${path}`;
  const remedy = `mend tls.${KEYS[part]} in ${file}, or install fedora-messaging's certificates`;
  let bytes: Buffer;
  try {
    // Reading a pipe would wait for its writer.
    if (!statSync(path).isFile()) throw new ConfigError(`${name} is no file: ${remedy}`);
    bytes = readFileSync(path);
  } catch (error) {
    throw error instanceof ConfigError ? error : unreadable(name, error, remedy);
  }
  if (bytes.length === 0) throw new ConfigError(`${name} is empty: ${remedy}`);
  return { name, path, bytes, text: bytes.toString("latin1") };
}

/** Throws where the file has no certificate, or one that cannot be read, or none that may vouch for others. */
function checkAuthorities(ca: TlsFile): void {
  const certificates = certificatesOf(ca);
  // A certificate that vouches for itself is an authority in effect, whatever it says.
  if (certificates.some((each) => each.ca || each.issuer === each.subject)) return;
  throw new ConfigError(
    `${ca.name} holds no authority, but a certificate of somebody: was it swapped with tls.certfile? give the authority's`,
  );
}

function checkPair(key: TlsFile, cert: TlsFile): void {
  const [certificate] = certificatesOf(cert);
  if (certificate?.checkPrivateKey(keyOf(key)) === true) return;
  throw new ConfigError(`${key.name} is not the key of tls.certfile ${cert.path}: give the two that belong together`);
}

/** At least one. */
function certificatesOf({ name, path, bytes, text }: TlsFile): readonly X509Certificate[] {
  const blocks = [...text.matchAll(CERTIFICATES)].map(([block]) => block);
  if (blocks.length === 0 && HAS_KEY.test(text))
    throw new ConfigError(`${name} holds a key and no certificate: was it swapped with tls.keyfile?`);
  if (blocks.length === 0 && isDer(bytes))
    throw new ConfigError(
      `${name} is binary (DER), not PEM: openssl x509 -inform DER -in ${path} -out PEMFILE, and name that`,
    );
  if (blocks.length === 0) throw new ConfigError(`${name} holds no certificate: give a PEM file`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new ConfigError(
      `${name} holds a certificate that cannot be read: ${describeError(error)}: give a whole one`,
      {
        cause: error,
      },
    );
  }
}

function keyOf({ name, path, bytes, text }: TlsFile): KeyObject {
  if (IS_LOCKED.test(text))
    throw new ConfigError(
      `${name} is encrypted, and nobody is there to type its passphrase: openssl pkey -in ${path} -out PEMFILE, and name that`,
    );
  if (!HAS_KEY.test(text) && text.includes("-----BEGIN CERTIFICATE-----"))
    throw new ConfigError(`${name} holds a certificate and no key: was it swapped with tls.certfile or tls.ca_cert?`);
  if (isDer(bytes))
    throw new ConfigError(
      `${name} is binary (DER), not PEM: openssl pkey -inform DER -in ${path} -out PEMFILE, and name that`,
    );
  if (!HAS_KEY.test(text)) throw new ConfigError(`${name} holds no private key: give a PEM file`);
  try {
    return createPrivateKey(bytes);
  } catch (error) {
    throw new ConfigError(`${name} holds a key that cannot be read: ${describeError(error)}: give a whole one`, {
      cause: error,
    });
  }
}

/** Whether it begins as ASN.1 does, as certificates, keys and PKCS #12 in DER do. */
function isDer(bytes: Buffer): boolean {
  return bytes[0] === 0x30 && ((bytes[1] ?? 0) & 0x80) === 0x80;
}
