import { systemClock } from "../adapters/clock.ts";
import { openComposeHost } from "../adapters/compose-host.ts";
import { openDatagrepper } from "../adapters/datagrepper/archive.ts";
import { datagrepperFacts } from "../adapters/datagrepper/facts.ts";
import { ForgeComments } from "../adapters/forge/comments.ts";
import type { Ec2Options } from "../adapters/ec2/clients.ts";
import type { Forge } from "../adapters/forge/forge.ts";
import { ForgeReports } from "../adapters/forge/reports.ts";
import { ForgejoCalls } from "../adapters/forgejo/calls.ts";
import { logReports } from "../adapters/log-reports.ts";
import { PagureCalls } from "../adapters/pagure/calls.ts";
import type { Config } from "../config/config.ts";
import type { Fact } from "../domain/compose/facts.ts";
import { SECOND_MS } from "../domain/time.ts";
import { decode } from "../hear/decode.ts";
import { formerPlace, presentPlace } from "../operate/report-places.ts";
import type {
  Archive,
  Comments,
  ComposeSource,
  Images,
  Log,
  Message,
  Meter,
  Reports,
  Team,
  UsageReports,
} from "../ports/index.ts";

/** datagrepper gives up by itself after a minute. */
const ARCHIVE_TIMEOUT_MS = 70 * SECOND_MS;

/**
 * The SDK takes half a second and 90 MB to load: the first question to EC2 pays for it, and who asks none does not. `replicas`:
 * how many processes share EC2's rates.
 */
export function openEc2(
  config: Config,
  log: Log,
  meter: Meter,
  replicas: () => number = () => 1,
): Images & { close(): void } {
  let opened: (Images & { close(): void }) | null = null;
  const images = whenAsked(async () => {
    const { openImages } = await import("../adapters/ec2/images.ts");
    opened ??= openImages({ ...config.ec2, replicas, clock: systemClock, log, meter });
    return opened;
  }, LISTS);
  return Object.assign(Object.create(images) as Images, { close: () => opened?.close() });
}

/** EC2's reports on who uses an image, loaded like the rest of EC2. */
export function openUsage(options: Ec2Options): { readonly reports: UsageReports; close(): void } {
  let opened: { close(): void } | null = null;
  const reports = whenAsked<UsageReports>(async () => {
    const { openUsageReports } = await import("../adapters/ec2/usage.ts");
    const made = openUsageReports(options);
    opened ??= made;
    return made;
  }, []);
  return { reports, close: () => opened?.close() };
}

/** What of EC2 is read piece by piece. */
const LISTS: readonly (keyof Images)[] = ["tagged", "taggedSnapshots"];

/** A port, each of whose methods opens what fulfils it. `lists`: those that give one piece after the other. */
function whenAsked<Port extends object>(open: () => Promise<Port>, lists: readonly (keyof Port)[]): Port {
  const call = async (name: string | symbol, args: readonly unknown[]): Promise<unknown> => {
    const port = await open();
    return Reflect.apply(Reflect.get(port, name) as (...args: unknown[]) => unknown, port, args);
  };
  async function* list(name: string | symbol, args: readonly unknown[]): AsyncGenerator<unknown, void> {
    yield* (await call(name, args)) as AsyncIterable<unknown>;
  }
  return new Proxy({} as Port, {
    get: (_, name) => {
      // Nobody takes a port for a promise.
      if (name === "then") return undefined;
      const isList = lists.includes(name as keyof Port);
      return (...args: unknown[]): unknown => (isList ? list(name, args) : call(name, args));
    },
  });
}

/** The archive that the configuration names; null when it names none. */
export function openArchive({ sources, userAgent, archiveRate }: Config): Archive | null {
  if (sources.datagrepper === null) return null;
  return openDatagrepper({
    url: sources.datagrepper,
    userAgent,
    timeoutMs: ARCHIVE_TIMEOUT_MS,
    clock: systemClock,
    ratePerSecond: archiveRate,
  });
}

/** Who can be asked of composes, the quicker one first. */
export function openSources(
  { sources, userAgent, environments }: Config,
  archive: Archive | null,
): readonly ComposeSource[] {
  const clock = systemClock;
  const factsIn = (message: Message): readonly Fact[] => {
    const heard = decode(message, environments);
    return heard.kind === "facts" ? heard.facts : [];
  };
  const timeoutMs = 30 * SECOND_MS;
  return [
    ...(sources.composeHost === null
      ? []
      : [openComposeHost({ url: sources.composeHost, userAgent, timeoutMs, clock })]),
    ...(archive === null ? [] : [datagrepperFacts({ archive, environments, clock, factsIn })]),
  ];
}

/** Where a forge is, and as whom it is used; by default that of the reports. */
export type ForgePlace = Pick<Config["report"], "kind" | "url" | "repo" | "token">;

/** How long a forge's whole answer may take, where nobody waits for it. */
const FORGE_TIMEOUT_MS = 30 * SECOND_MS;

/**
 * The forge that the reports go to; null: the log. Throws `ConfigError` for an address, a repo or a token of the wrong form, as
 * the two below.
 */
export function openForge(
  { report, userAgent }: Pick<Config, "report" | "userAgent">,
  {
    timeoutMs = FORGE_TIMEOUT_MS,
    log,
    place = report,
  }: { readonly timeoutMs?: number; readonly log?: Log; readonly place?: ForgePlace } = {},
): Forge | null {
  const { kind, url, repo, token } = place;
  const access = { url, repo, token, mostBytes: report.mostBytes, userAgent, timeoutMs };
  switch (kind) {
    case "pagure":
      return new PagureCalls(access);
    case "forgejo":
      return new ForgejoCalls({ ...access, ...(log === undefined ? {} : { log }) });
    case "log":
      return null;
  }
}

/** Where people object to reports; null: nobody can. */
export function openComments(config: Config): Comments | null {
  const [forge, former] = [openForge(config), openFormerForge(config)];
  if (forge === null) return null;
  return presentPlace(
    new ForgeComments(forge, config.report),
    (page) => forge.placeAt(page) !== null,
    (page) => former !== null && former.placeAt(page) !== null,
  );
}

/** Whose comments are orders beside the accounts that the configuration names; null: nobody's. */
export function openTeam(
  { report, userAgent }: Pick<Config, "report" | "userAgent">,
  { timeoutMs = FORGE_TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
): Team | null {
  const { operatorsTeam: team, url, repo, token } = report;
  if (team === null) return null;
  const forge = new ForgejoCalls({ url, repo, token, userAgent, timeoutMs });
  return { members: () => forge.operatorsOf(team) };
}

/** Where people objected before the reports went elsewhere; null: nowhere else. */
export function openFormerComments(config: Config): Comments | null {
  const forge = openFormerForge(config);
  if (forge === null) return null;
  return formerPlace(new ForgeComments(forge, config.report), (page) => forge.placeAt(page) !== null);
}

function openFormerForge(config: Config): Forge | null {
  const { also } = config.report;
  return also === null ? null : openForge(config, { place: also });
}

/** Where the reports go. */
export function openReports(config: Config, log: Log): Reports {
  const forge = openForge(config, { log });
  return forge === null ? logReports(log) : new ForgeReports(forge, { tags: config.report.tags, log });
}
