import { SECRETS, TOKEN } from "../../../src/demo/service-config.ts";

/** Stands in every secret that tests make up, and in nothing else. */
export const SECRET = "S3CRET";
/** Tokens of Pagure, with characters that a header, a form and an address each write in their own way. */
export const PAGURE_TOKEN = `${SECRET}/TOKEN+0123456789`;
export const REPORTER_TOKEN = `${SECRET}/REPORTER+0123456789`;

const ALL = [
  SECRET,
  PAGURE_TOKEN,
  REPORTER_TOKEN,
  TOKEN,
  SECRETS.AWS_SECRET_ACCESS_KEY,
  "test-secret",
  "TEST0PAGURE0TOKEN",
];
const NEEDLES = ALL.flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString("base64").replace(/=+$/, ""),
]);
const LONGEST = Math.max(...NEEDLES.map((needle) => needle.length));

/** Reads along what a run prints, and remembers which secrets stood in it. */
export class SecretWatch {
  readonly #found = new Set<string>();
  #tail = "";

  /** The next piece; a secret may begin in one and end in the next. */
  read(chunk: Buffer | string): void {
    const text = this.#tail + chunk.toString();
    for (const needle of NEEDLES) if (text.includes(needle)) this.#found.add(needle);
    this.#tail = text.slice(-LONGEST);
  }

  /** What was found, without repeating it: its first letters and its length. */
  get found(): readonly string[] {
    return [...this.#found].map((needle) => `${needle.slice(0, 3)}… (${needle.length} characters)`);
  }
}
