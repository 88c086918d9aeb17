import { createHash, createHmac } from "node:crypto";
import type { Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

interface StsAnswer {
  /** `200`, or `403 AccessDenied`. */
  readonly outcome: string;
  readonly body: string;
  /** The text of the first element of this name; empty where there is none. */
  readonly text: (element: string) => string;
}

/** Calls the Security Token Service at the simulator's address, signed as the SDK signs (Signature Version 4). */
export async function callSts(
  ec2: Ec2Simulator,
  credentials: Credentials,
  parameters: Readonly<Record<string, string>>,
): Promise<StsAnswer> {
  const body = new URLSearchParams({ Version: "2011-06-15", ...parameters }).toString();
  const headers = sign(new URL(ec2.url).host, credentials, body);
  const answer = await fetch(ec2.url, { method: "POST", headers, body });
  const xml = await answer.text();
  const text = (element: string): string => new RegExp(`<${element}>([^<]*)<`).exec(xml)?.[1] ?? "";
  return { outcome: `${answer.status} ${text("Code")}`.trim(), body: xml, text };
}

function sign(host: string, credentials: Credentials, body: string): Record<string, string> {
  const time = "20261124T000000Z";
  const scope = ["20261124", "us-east-1", "sts", "aws4_request"];
  const token = credentials.sessionToken === undefined ? {} : { "x-amz-security-token": credentials.sessionToken };
  const signed: Record<string, string> = { host, "x-amz-date": time, ...token };
  const names = Object.keys(signed).join(";");
  const lines = Object.entries(signed).map(([name, value]) => `${name}:${value}\n`);
  const canonical = ["POST", "/", "", lines.join(""), names, sha256(body)].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope.join("/"), sha256(canonical)].join("\n");
  const key = scope.reduce<Buffer>(hmac, Buffer.from(`AWS4${credentials.secretAccessKey}`));
  const signature = hmac(key, text).toString("hex");
  return {
    "content-type": "application/x-www-form-urlencoded",
    "x-amz-date": time,
    ...token,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope.join("/")}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
