import type { Dice } from "../random/mutate.ts";

/** One connection's worth of requests, as bytes, and how the client behaves. */
export interface Asking {
  readonly bytes: Buffer;
  /** How many requests it was bred from. */
  readonly requests: number;
  /** `listen`: it waits for the end; `hang up`: it sends no more, and listens; `vanish`: it is gone at once. */
  readonly manner: "listen" | "hang up" | "vanish";
  /** None of our pages answers CONNECT; Node ends such a connection without a word. */
  readonly isTunnel: boolean;
}

/** Words that somebody might try where an id, a region, a date or a place is asked for. */
const WORDS = [
  "",
  " ",
  "..",
  "../../etc/passwd",
  "*",
  "\0",
  "\r\nFLUSHALL\r\n",
  "\ud800",
  "\u202e",
  "__proto__",
  "constructor",
  "us-east-1}:private",
  "{control}",
  "control}:paused",
  "clean-amis:format",
  "ami-*",
  "ami-",
  "ami-0123456789abcdef0 ami-0123456789abcdef1",
  "ami-0123456789abcdef0\n",
  "AMI-0123456789ABCDEF0",
  "ami-00000000",
  "mars-north-1",
  "us-east-1\0",
  "Fedora-Rawhide-20990101.n.0",
  "Fedora-Rawhide-20990101.n.0:x",
  "Fedora-*",
  "<script>alert(1)</script>",
  `"'><img src=x onerror=alert(2)>`,
  "-1",
  "0",
  "1e308",
  "NaN",
  "999999999999d",
  "9007199254740993-0",
  "99999999999999999999-1.us-east-1",
  "1-1.us-east-1}",
  "never.us-east-1.private.ami-0123456789abcdef0",
  "1.us-east-1.image:x.ami-0123456789abcdef0",
  "2026-11-24T08:00:00Z",
  "-000001-01-01T00:00:00Z",
  "+275760-09-13T00:00:00.001Z",
  "x86_64-Rawhide",
  "%",
  "[",
  "(a+)+$",
  "😀".repeat(30),
  "x".repeat(129),
  "x".repeat(201),
  "x".repeat(3000),
];
/** What is put between two characters of an address. */
const BITS = [
  "%",
  "/",
  "?",
  "&",
  "#",
  ";",
  "=",
  "+",
  " ",
  "\t",
  "..",
  "%00",
  "%0d%0a",
  "%c0%af",
  "%ed%a0%80",
  "%u0041",
];
const ODD_BITS = ["\0", "\x7f", "\xff", "\u00a0", "\r", "\n", "\\", "{", "}", "*", "|", "^", "`"];
const PARAMETERS = [
  "q",
  "stage",
  "region",
  "after",
  "since",
  "kind",
  "due_within",
  "stream",
  "compose",
  "x",
  "__proto__",
];
const METHODS = ["HEAD", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "PURGE"];
const ODD_METHODS = ["get", "GETT", "G\0T", "", "EVAL", "*3\r\n$3\r\nSET"];
const VERSIONS = ["HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/0.9", "HTTP/1.1 ", "HTTPS/1.1", "http/1.1", ""];
const HEADERS = [
  "Accept: text/html",
  "Accept: */*;q=NaN",
  'If-None-Match: "x", W/"y", *',
  `If-None-Match: ${'"x",'.repeat(500)}`,
  "If-Modified-Since: never",
  "Range: bytes=0-1,-1",
  "Cookie: a=b; __proto__=c",
  "Authorization: Basic AAAA",
  "Connection: close",
  "Connection: upgrade, close",
  "Upgrade: websocket",
  "Upgrade: h2c",
  "Expect: 100-continue",
  "Expect: the worst",
  "Host: ",
  "Host: a\r\nHost: b",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip, chunked",
  "Content-Length: 0",
  "Content-Length: -1",
  "Content-Length: 1e3",
  "X-Forwarded-For: 127.0.0.1",
  "X-HTTP-Method-Override: DELETE",
  `X-Long: ${"y".repeat(9000)}`,
  "X-Fold: a\r\n b",
  "X Space: a",
  "X-Zero: a\0b",
  ": nameless",
  "no colon",
  "\xff: a",
];
/** After it nothing more is sent, and the other end closes once it has answered. */
const LAST = "GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/** Breeds what one client sends from addresses that are answered with 200. */
export function mutatedAsking(good: readonly string[], dice: Dice): Asking {
  const methods: string[] = [];
  const requests = dice.roll(4) === 0 ? 2 + dice.roll(4) : 1;
  const encoding = dice.pick(["utf8", "latin1"] as const);
  const texts = Array.from({ length: requests }, () => {
    const method = dice.roll(4) > 0 ? "GET" : dice.roll(5) > 0 ? dice.pick(METHODS) : dice.pick(ODD_METHODS);
    methods.push(method);
    return requestText(method, mutatedTarget(dice.pick(good), dice), encoding, dice);
  });
  const isTunnel = methods.includes("CONNECT");
  const whole = Buffer.from(texts.join("") + LAST, encoding);
  if (dice.roll(12) > 0) return { bytes: whole, requests, manner: "listen", isTunnel };
  const bytes = whole.subarray(0, 1 + dice.roll(whole.length - LAST.length));
  return { bytes, requests, manner: dice.roll(2) === 0 ? "hang up" : "vanish", isTunnel };
}

/** An address with one to three things changed, or as it was. */
export function mutatedTarget(good: string, dice: Dice): string {
  let target = good;
  for (let changes = dice.roll(4); changes > 0; changes -= 1) target = changedOnce(target, dice);
  return target;
}

function changedOnce(target: string, dice: Dice): string {
  const at = dice.roll(target.length + 1);
  const to = Math.min(target.length, at + 1 + dice.roll(8));
  switch (dice.roll(16)) {
    case 0:
      return target.slice(0, at) + dice.pick(BITS) + target.slice(at);
    case 1:
      return target.slice(0, at) + dice.pick(ODD_BITS) + target.slice(at);
    case 2:
      return target.slice(0, at) + target.slice(to);
    case 3:
      return target.slice(0, at) + target.slice(at, to).repeat(2 + dice.roll(20)) + target.slice(to);
    case 4:
      return dice.pick(["http://x", "//x", "*", "", "/.", "x:"]) + target;
    case 5:
      return `${target}${target.includes("?") ? "&" : "?"}${dice.pick(PARAMETERS)}=${written(dice)}`;
    case 6:
      return target.slice(0, at) + target.slice(at, to).toUpperCase() + target.slice(to);
    default:
      return withOtherWord(target, dice);
  }
}

/** Another word in the place of one of the path or of the query. */
function withOtherWord(target: string, dice: Dice): string {
  const words = target.split(/(?<=[/=])|(?=[/?&])/);
  const places = words.flatMap((word, place) => (/^\w[^=]*$/.test(word) ? [place] : []));
  if (places.length === 0) return `/${written(dice)}`;
  const place = dice.pick(places);
  return words.with(place, written(dice)).join("");
}

/** A word as it may stand in an address: as it is, in per cent signs, or twice so. */
function written(dice: Dice): string {
  const word = dice.pick(WORDS);
  const encoded = [...Buffer.from(word)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  return dice.pick([word, encoded, encoded, encoded.toUpperCase(), encoded.replaceAll("%", "%25")]);
}

type Encoding = "utf8" | "latin1";

function requestText(method: string, target: string, encoding: Encoding, dice: Dice): string {
  const version = dice.roll(20) > 0 ? "HTTP/1.1" : dice.pick(VERSIONS);
  const headers = Array.from({ length: dice.roll(3) }, () => dice.pick(HEADERS));
  if (dice.roll(30) > 0) headers.unshift("Host: x");
  const end = dice.roll(40) > 0 ? "\r\n" : "\n";
  const { header, body } = bodyOf(method, encoding, dice);
  return [`${method} ${target} ${version}`, ...headers, ...header, "", ""].join(end) + body;
}

/** A body with its length as it is, with one that is too small, or in pieces, well formed and not. */
function bodyOf(
  method: string,
  encoding: Encoding,
  dice: Dice,
): { readonly header: readonly string[]; readonly body: string } {
  if (dice.roll(method === "GET" ? 20 : 3) > 0) return { header: [], body: "" };
  const body = dice.pick(WORDS);
  const length = Buffer.byteLength(body, encoding);
  const pieces = `${length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  switch (dice.roll(4)) {
    case 0:
      return { header: [`Content-Length: ${Math.max(0, length - 1 - dice.roll(3))}`], body };
    case 1:
      return { header: ["Transfer-Encoding: chunked"], body: length === 0 ? "0\r\n\r\n" : pieces };
    case 2:
      return { header: ["Transfer-Encoding: chunked"], body: `zz\r\n${body}` };
    default:
      return { header: [`Content-Length: ${length}`], body };
  }
}
