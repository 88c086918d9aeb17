import { describeCall, openHttp } from "./http.ts";
import { MINUTE_MS, SECOND_MS } from "../../domain/time.ts";
import { RefusedError, UpstreamError, type Service } from "../../errors.ts";
import type { Clock, Reach } from "../../ports/index.ts";

export interface ReachOptions {
  readonly url: string;
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Asks datagrepper for one message of the last minute: it counts them all, which needs its database. */
export function datagrepperReach({ url, userAgent, timeoutMs, clock }: ReachOptions): Reach {
  const http = openHttp({ service: "datagrepper", userAgent, timeoutMs });
  return async () => {
    const now = Math.floor(clock.now() / SECOND_MS);
    const address = new URL(`${url.replace(/\/+$/, "")}/raw`);
    const start = String(now - MINUTE_MS / SECOND_MS);
    address.search = new URLSearchParams({ start, end: String(now), rows_per_page: "1" }).toString();
    const { status, body } = await http({ method: "GET", url: address });
    if (status >= 300) throw refused("datagrepper", address, status, "sources.datagrepper");
    const isSearch = typeof body === "object" && body !== null && "raw_messages" in body;
    if (!isSearch) throw refused("datagrepper", address, status, "sources.datagrepper");
    return { words: `${address.origin} answers`, remedy: null };
  };
}

/** Below the directory of all composes: the newest Rawhide's document, by the link that kojipkgs keeps. */
const WELL_KNOWN = "rawhide/latest-Fedora-Rawhide/compose/metadata/composeinfo.json";
/** Who is answered so sees nothing, whatever is there. */
const KEPT_OUT = [401, 403, 451];
const LET_IN =
  "see what keeps this machine out (a proxy, a check for robots), or ask the host to let our User-Agent in";

/**
 * Asks the host of the composes for a document that Fedora's has. Another host may lack it; but one that forbids it, or sends
 * a page for people, will do so with every compose's.
 */
export function composeHostReach({ url, userAgent, timeoutMs }: Omit<ReachOptions, "clock">): Reach {
  const http = openHttp({ service: "compose-host", userAgent, timeoutMs });
  return async () => {
    const address = new URL(`${url.replace(/\/+$/, "")}/${WELL_KNOWN}`);
    const keptOut = (what: string): Awaited<ReturnType<Reach>> => ({
      words: `${describeCall({ method: "GET", url: address })} answered ${what}: labels cannot be confirmed`,
      remedy: LET_IN,
    });
    try {
      const { status } = await http({ method: "GET", url: address });
      if (KEPT_OUT.includes(status)) return keptOut(String(status));
      if (status >= 300 && status !== 404) throw refused("compose-host", address, status, "sources.compose_host");
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.code !== "NOT_JSON") throw error;
      return keptOut("a page that is no JSON");
    }
    return { words: `${address.origin} answers`, remedy: null };
  };
}

function refused(service: Service, url: URL, status: number, key: string): RefusedError {
  const what = `${service}: ${describeCall({ method: "GET", url })} answered ${status}, not as it should`;
  return new RefusedError(
    service,
    `HTTP_${status}`,
    `${what}: check consumer_config.${key}, and what stands in front of it`,
  );
}
