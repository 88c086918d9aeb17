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
    return `${address.origin} answers`;
  };
}

/** Asks the host of the composes for the directory of all of them: a list for people, or no answer for it at all. */
export function composeHostReach({ url, userAgent, timeoutMs }: Omit<ReachOptions, "clock">): Reach {
  const http = openHttp({ service: "compose-host", userAgent, timeoutMs });
  return async () => {
    const address = new URL(`${url.replace(/\/+$/, "")}/`);
    try {
      const { status } = await http({ method: "GET", url: address });
      // A host may show no directories, and have the files in them all the same.
      if (status >= 300 && status !== 403 && status !== 404)
        throw refused("compose-host", address, status, "sources.compose_host");
    } catch (error) {
      if (!(error instanceof UpstreamError) || !["NOT_JSON", "TOO_LONG"].includes(error.code)) throw error;
    }
    return `${address.origin} answers`;
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
