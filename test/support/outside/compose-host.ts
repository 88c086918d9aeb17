import type { Test } from "tap";
import { openComposeHost } from "../../../src/adapters/compose-host.ts";
import type { ComposeHostOptions } from "../../../src/adapters/compose-host.ts";
import { startComposeHost, type ComposeHost } from "../../../src/demo/outside/compose-host.ts";
import { UpstreamError } from "../../../src/errors.ts";
import type { ComposeSource } from "../../../src/ports/index.ts";
import { SettableClock } from "../world/clock.ts";

export const NOW = Date.parse("2026-11-24T22:00:00Z");
export const FILE = "compose/metadata/composeinfo.json";
export const GA = { id: "Fedora-28-20180425.0", type: "production", label: "RC-1.1", place: "28" };
export const CLOUD = { id: "Fedora-Cloud-43-20260122.0", type: "production", label: "RC-20260122.0", place: "cloud" };

export async function startHost(t: Test): Promise<ComposeHost> {
  const host = await startComposeHost(() => NOW);
  t.teardown(() => host.close());
  return host;
}

export function openSource(host: ComposeHost, change: Partial<ComposeHostOptions> = {}): ComposeSource {
  const clock = new SettableClock(NOW);
  return openComposeHost({ url: host.url, userAgent: "clean-amis/test", timeoutMs: 60_000, clock, ...change });
}

/** The directories that were asked for, relative to the base, in order. */
export function asked(host: ComposeHost): readonly string[] {
  return host.journal.map(({ path }) => path.replace("/compose/", "").replace(`/${FILE}`, ""));
}

/** The error of a look-up that must fail: one line that names the service and says what comes next. */
export async function failure(t: Test, work: Promise<unknown>): Promise<UpstreamError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UpstreamError)) throw new Error(`it is ${String(error)}`);
  t.match(error, { service: "compose-host", message: /^compose-host: [^\n]+; it is tried again later$/ });
  return error;
}
