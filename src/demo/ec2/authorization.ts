import { createHash, createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { authFailure, missingParameter } from "./errors.ts";

/** An AWS account and one of its access keys. */
interface Account {
  /** Twelve digits. */
  readonly id: string;
  /** Left out: signatures are not checked. */
  readonly secretAccessKey?: string;
  /** Actions that answer `UnauthorizedOperation`, as without the IAM permission. */
  readonly denied?: readonly string[];
}

/** By access key id. */
export type Accounts = Readonly<Record<string, Account>>;

/** Whom a call comes from, and where it goes: one endpoint serves all regions. */
export interface Caller {
  readonly account: Account;
  readonly region: string;
}

/** Signature Version 4, "Authorization header". */
const HEADER =
  /^AWS4-HMAC-SHA256 Credential=(?<key>[^/,\s]+)\/(?<date>\d{8})\/(?<region>[a-z0-9-]+)\/ec2\/aws4_request, ?SignedHeaders=(?<signed>[a-z0-9;-]+), ?Signature=(?<signature>[0-9a-f]{64})$/;

/** Reads the caller from the credential scope; EC2's refusals for what is missing, malformed, unknown or wrongly signed. */
export function authorize(headers: IncomingHttpHeaders, body: string, accounts: Accounts): Caller {
  const header = headers.authorization;
  // So says the live service to an unsigned call.
  if (header === undefined) throw missingParameter("AWSAccessKeyId");
  const parts = HEADER.exec(header)?.groups;
  if (parts === undefined) throw authFailure();
  const { key = "", date = "", region = "", signed = "", signature = "" } = parts;
  const account = Object.hasOwn(accounts, key) ? accounts[key] : undefined;
  if (account === undefined) throw authFailure();
  if (account.secretAccessKey !== undefined) {
    const expected = sign({ secret: account.secretAccessKey, date, region, signed, headers, body });
    if (expected !== signature) throw authFailure();
  }
  return { account, region };
}

/** "Create a signed AWS API request", steps 1 to 4, for `POST /` without a query string. */
function sign(request: {
  readonly secret: string;
  readonly date: string;
  readonly region: string;
  readonly signed: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}): string {
  const { secret, date, region, signed, headers, body } = request;
  const signedHeaders = signed.split(";").map((name) => `${name}:${String(headers[name] ?? "").trim()}\n`);
  const canonical = ["POST", "/", "", signedHeaders.join(""), signed, sha256(body)].join("\n");
  const time = headers["x-amz-date"];
  const scope = `${date}/${region}/ec2/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", typeof time === "string" ? time : "", scope, sha256(canonical)].join("\n");
  const key = [date, region, "ec2", "aws4_request"].reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`));
  return hmac(key, text).toString("hex");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
