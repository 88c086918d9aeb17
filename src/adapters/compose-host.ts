import { describeCall, openHttp } from "./http/http.ts";
import type { Http, HttpCall } from "./http/http.ts";
import { withRetries } from "./http/retry.ts";
import { parseComposeId } from "../domain/compose/compose.ts";
import type { ComposeId } from "../domain/compose/compose.ts";
import type { Fact } from "../domain/compose/facts.ts";
import { quote } from "../domain/words.ts";
import { ConfigError, UpstreamError } from "../errors.ts";
import { Schema } from "../schema.ts";
import type { Clock, ComposeSource } from "../ports/index.ts";

export interface ComposeHostOptions {
  /** The directory of all composes, such as `https://kojipkgs.fedoraproject.org/compose`. */
  readonly url: string;
  readonly userAgent: string;
  /** For each call, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** What is read of a `composeinfo.json`; the schema says the rest. */
interface ComposeInfo {
  readonly payload: {
    readonly compose: { readonly id: string; readonly type: string; readonly label?: string | null };
  };
}

const SCHEMA = new Schema<ComposeInfo>("composeinfo.json");

/** Under a compose's directory. */
const METADATA = "compose/metadata/composeinfo.json";
/** It lists every path of every variant and architecture, and grows with them; this is far above any use. */
const MAX_BYTES = 16 * 1024 * 1024;
const RETRIES = { attempts: 3, firstMs: 500, longestMs: 5_000 };
const NEXT = "it is tried again later";

/**
 * Asks the host of the composes for a compose's own `composeinfo.json`: first where pungi said that it is, then where
 * composes of its kind are laid. A place that answers 404, or with another compose's document, is passed over; anything else
 * that is not this compose's document throws, because doubt about one place is doubt about the compose.
 *
 * `ask` throws `UpstreamError`: for what `openHttp` throws after three attempts, among it a web page or half a document
 * (`NOT_JSON`), for another status (`HTTP_403`), for JSON that is no composeinfo (`UNKNOWN_SHAPE`), when a place holds another
 * compose's document and none holds ours (`OTHER_COMPOSE`), and when it is not known where to look (`NO_PLACE`).
 * Opening throws `ConfigError` for an address that is not plain http or https.
 */
export function openComposeHost({ url, userAgent, timeoutMs, clock }: ComposeHostOptions): ComposeSource {
  const base = baseOf(url);
  const client = openHttp({ service: "compose-host", userAgent, timeoutMs, maxBytes: MAX_BYTES });
  const http = withRetries(client, { ...RETRIES, clock });

  return {
    source: "composeinfo",
    ask: async (composeId, location) => {
      const places = placesOf(base, composeId, location);
      if (places.length === 0) {
        throw failed("NO_PLACE", `no place is known where ${quote(composeId)} could be under ${base.href}`);
      }
      let other: UpstreamError | null = null;
      for (const place of places) {
        const found = await read(http, place);
        if (found === null) continue;
        if (found.id === composeId) return [claimOf(found, place, clock)];
        const both = `the compose ${quote(found.id)}, not of ${quote(composeId)}, which has no other place`;
        other ??= failed("OTHER_COMPOSE", `${describeCall({ method: "GET", url: place })} is of ${both}`);
      }
      if (other !== null) throw other;
      return [];
    },
  };
}

/** The compose that the document at this address describes; null when nothing is there. */
async function read(http: Http, url: URL): Promise<ComposeInfo["payload"]["compose"] | null> {
  const call: HttpCall = { method: "GET", url };
  const { status, body } = await http(call);
  if (status === 404) return null;
  if (status >= 300) throw failed(`HTTP_${status}`, `${describeCall(call)} answered ${status}, neither a file nor 404`);
  if (SCHEMA.accepts(body)) return body.payload.compose;
  const why = SCHEMA.complaint("document");
  throw failed("UNKNOWN_SHAPE", `${describeCall(call)} answered JSON that is no composeinfo (${why})`);
}

/** productmd leaves the key out where there is no label, and reads "" and null as none. */
function claimOf({ id, type, label }: ComposeInfo["payload"]["compose"], place: URL, clock: Clock): Fact {
  const known = label === undefined || label === "" ? null : label;
  return { composeId: id, source: "composeinfo", type, label: known, at: clock.now(), by: place.href };
}

/** Where the compose's document may be, the likeliest first, each once. */
function placesOf(base: URL, composeId: string, location: string | null): readonly URL[] {
  const named = location === null ? null : directoryOf(location, base);
  const id = parseComposeId(composeId);
  const usual = id.ok
    ? parentsOf(id.value).map((parent) => (parent === "" ? composeId : `${parent}/${composeId}`))
    : [];
  const directories = new Set(named === null ? usual : [named, ...usual]);
  return [...directories].map((directory) => new URL(`${base.href}${directory}/${METADATA}`));
}

/**
 * The compose's directory below the base, from a location as pungi writes it:
 * `http://kojipkgs.fedoraproject.org/compose//rawhide/Fedora-24-20151208.n.7/compose` is `rawhide/Fedora-24-20151208.n.7`.
 * Null for one that is not on the base's host and below its path, or is not written plainly: a location comes from a message,
 * so neither `..` nor anything encoded, no user, query or fragment may lead the way.
 */
function directoryOf(location: string, base: URL): string | null {
  const plain = /^https?:\/\/[A-Za-z0-9.-]+(?::\d+)?(?<path>(?:\/+[A-Za-z0-9_][A-Za-z0-9._+-]*)+)\/*$/.exec(location);
  if (plain === null || !URL.canParse(location) || new URL(location).host !== base.host) return null;
  const path = segmentsOf(plain.groups?.["path"] ?? "");
  const above = segmentsOf(base.pathname);
  if (!above.every((segment, index) => segment === path[index])) return null;
  const below = path.slice(above.length);
  const directory = below.at(-1) === "compose" ? below.slice(0, -1) : below;
  return directory.length === 0 ? null : directory.join("/");
}

function segmentsOf(path: string): readonly string[] {
  return path.split("/").filter((segment) => segment !== "");
}

/**
 * The directories in which kojipkgs keeps composes of a product, those of today first; "" is the base itself. From fedfind's
 * release.py and from locations in pungi's messages. Cloud composes stood in the base until April 2018.
 */
const PARENTS_OF_PRODUCT: ReadonlyMap<string, readonly string[]> = new Map([
  ["Fedora-Cloud", ["cloud", ""]],
  ["Fedora-Container", ["container"]],
  ["Fedora-Docker", [""]],
  ["Fedora-IoT", ["iot"]],
  ["Fedora-Atomic", ["twoweek", "updates"]],
  ["Fedora-EPEL", ["epel", "epel10"]],
  ["Fedora-Modular", [""]],
]);

/** The directories in which a compose of this id may be; none for a product that is not known. */
function parentsOf(id: ComposeId): readonly string[] {
  const { short, type } = id.release;
  const ofProduct = PARENTS_OF_PRODUCT.get(short) ?? [];
  if (type === "updates" || type === "updates-testing") return ["updates", ...ofProduct];
  return short === "Fedora" ? parentsOfFedora(id) : ofProduct;
}

function parentsOfFedora({ release: { version }, type }: ComposeId): readonly string[] {
  const stream = version.toLowerCase();
  if (stream === "rawhide" || stream === "eln") return [stream];
  // Until 2016 Rawhide's composes had the number of the next release: rawhide/Fedora-24-20151208.n.7.
  return type === "nightly" ? ["branched", "rawhide"] : [version];
}

/** The base with a slash at its end. */
function baseOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const extras = url === null ? "" : [url.username, url.password, url.search, url.hash].join("");
  if (url === null || !/^https?:$/.test(url.protocol) || extras !== "") {
    // Not quoted: a password may stand in it.
    const example = "such as https://kojipkgs.fedoraproject.org/compose";
    throw new ConfigError(
      `the compose host's address must be plain http or https, ${example}, without a user or query`,
    );
  }
  return new URL(
    `${url.origin}/${segmentsOf(url.pathname)
      .map((segment) => `${segment}/`)
      .join("")}`,
  );
}

function failed(code: string, message: string): UpstreamError {
  return new UpstreamError("compose-host", code, `compose-host: ${message}; ${NEXT}`);
}
