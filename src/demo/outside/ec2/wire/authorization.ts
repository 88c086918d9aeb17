import { createHash, createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Key, Keyring } from "./keys.ts";

/** Whom a call comes from, and where it goes: one endpoint serves all regions. */
export interface Caller extends Key {
  readonly region: string;
}

/** Why a call's signature does not tell who calls; each service has its own words for these. */
export type Rejection = "unsigned" | "malformed" | "unknown-key" | "wrong-signature" | "expired";

/** What a signature is checked against. */
interface Signed {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The service of the credential scope: `ec2`, `sts`. */
  readonly service: string;
}

/** Signature Version 4, "Authorization header". */
const HEADER =
  /^AWS4-HMAC-SHA256 Credential=(?<key>[^/,\s]+)\/(?<date>\d{8})\/(?<region>[a-z0-9-]+)\/(?<service>[a-z0-9-]+)\/aws4_request, ?SignedHeaders=(?<signed>[a-z0-9;-]+), ?Signature=(?<signature>[0-9a-f]{64})$/;

/** Reads the caller from the credential scope. A temporary key goes with its token, until it expires. */
export function authorize(request: Signed, keys: Keyring, now: number): Caller | Rejection {
  const header = request.headers.authorization;
  if (header === undefined) return "unsigned";
  const parts = HEADER.exec(header)?.groups;
  if (parts === undefined) return "malformed";
  const { key: accessKeyId = "", date = "", region = "", service = "", signed = "", signature = "" } = parts;
  if (service !== request.service) return "wrong-signature";
  const key = keys.find(accessKeyId);
  if (key === null || request.headers["x-amz-security-token"] !== key.session?.token) return "unknown-key";
  const { secretAccessKey } = key.account;
  if (secretAccessKey !== undefined && sign(request, { secretAccessKey, date, region, signed }) !== signature)
    return "wrong-signature";
  if (key.session !== null && now >= key.session.expiresAt) return "expired";
  return { ...key, region };
}

/** "Create a signed AWS API request", steps 1 to 4, for `POST /` without a query string. */
function sign(
  { headers, body, service }: Signed,
  scope: {
    readonly secretAccessKey: string;
    readonly date: string;
    readonly region: string;
    readonly signed: string;
  },
): string {
  const { secretAccessKey, date, region, signed } = scope;
  const signedHeaders = signed.split(";").map((name) => `${name}:${String(headers[name] ?? "").trim()}\n`);
  const canonical = ["POST", "/", "", signedHeaders.join(""), signed, sha256(body)].join("\n");
  const time = headers["x-amz-date"];
  const credentialScope = `${date}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", typeof time === "string" ? time : "", credentialScope, sha256(canonical)].join(
    "\n",
  );
  const key = [date, region, service, "aws4_request"].reduce<Buffer>(hmac, Buffer.from(`AWS4${secretAccessKey}`));
  return hmac(key, text).toString("hex");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
