import { setMaxListeners } from "node:events";
import type { Config } from "../config/config.ts";
import type { Part } from "../config/file.ts";
import { risksOf } from "../config/risks.ts";
import { attempt } from "./attempt.ts";
import { checkBroker } from "./broker.ts";
import { checkCertificates } from "./certificates.ts";
import { examineAccount, checkRegion, NO_CREDENTIALS } from "./ec2.ts";
import { failure, ok, warning, type Finding } from "./finding.ts";
import { checkStore } from "./redis.ts";
import { checkReports } from "./reports.ts";
import { formatDuration, SECOND_MS, type Instant } from "../domain/time.ts";
import { within } from "../limit.ts";
import type { BrokerCheckup, Ec2Checkup, Reach, ReportsCheckup, StoreCheckup, Team } from "../ports/index.ts";

/** Why the configuration would not do for a part of the service; empty: it would. Such a part is not examined. */
export type Problems = Readonly<Partial<Record<Part, string>>>;

/** What is examined. What is opened when it is first asked for may fail then, as every call may. */
export interface Examined {
  readonly config: Config;
  readonly problems: Problems;
  /** Node's version: `20.20.2`. */
  readonly node: string;
  /** EC2 is examined in these; null: in those of the records. */
  readonly regions: readonly string[] | null;
  readonly now: () => Instant;
  /** How long one check may take, in milliseconds. */
  readonly limitMs: number;
  /** How long a call to EC2 may take in a region's check: well below `limitMs`, so that what was answered is told. */
  readonly callLimitMs: number;
  readonly broker: BrokerCheckup;
  readonly store: () => Promise<StoreCheckup>;
  readonly ec2: () => Promise<Ec2Checkup>;
  /** Null: the reports go to the log. */
  readonly reports: (() => Promise<ReportsCheckup>) | null;
  /** Operators beside those that the configuration names; null: none. */
  readonly team: (() => Promise<Team>) | null;
  /** Where they stood before; null: nowhere else. */
  readonly formerReports: (() => Promise<ReportsCheckup>) | null;
  /** Null: not configured. */
  readonly archive: Reach | null;
  readonly composeHost: Reach | null;
}

/** A region whose answers stand for all where none is known yet. */
const FIRST_REGION = "us-east-1";
/** AWS' SDK for JavaScript asks for this Node in what it publishes after the first week of January 2027, as it warns itself. */
const NEXT_NODE = 22;
/** How long a check may take. */
export const LIMIT_MS = 15 * SECOND_MS;
/** How long a call to EC2 may take in a region's check. */
export const CALL_LIMIT_MS = 12 * SECOND_MS;

interface Check {
  readonly name: string;
  readonly look: (signal: AbortSignal) => Promise<readonly Finding[]>;
}

/**
 * Examines the whole installation: all checks side by side, each with a time limit of its own, none of which changes
 * anything. What fails is a finding; nothing is thrown for it.
 */
export async function* examine(examined: Examined): AsyncGenerator<Finding> {
  const { limitMs } = examined;
  const under = generalChecks(examined).map((check) => conclude(check, limitMs));
  const isReadable = examined.problems.ec2 === undefined;
  const account = isReadable
    ? conclude({ name: "ec2", look: (signal) => examineAccount(examined, signal) }, limitMs)
    : Promise.resolve([unread("ec2")]);
  // What is wrong with Redis its own check tells.
  const asked = examined.regions;
  const regions = asked ?? (await within(limitMs, regionsOf(examined), tooLate).catch(() => [FIRST_REGION]));
  const isRefused = (await account).some(({ check }) => check === NO_CREDENTIALS);
  const last = (isRefused || !isReadable ? [] : regions).map((region) =>
    conclude({ name: `ec2 ${region}`, look: (signal) => checkRegion(region, examined, signal) }, limitMs),
  );
  for (const findings of [...under, account, ...last]) yield* await findings;
}

function generalChecks(examined: Examined): readonly Check[] {
  const { config, problems, archive, composeHost } = examined;
  const unless = (part: Part, check: Check): Check =>
    problems[part] === undefined ? check : { ...check, look: () => Promise.resolve([unread(check.name)]) };
  return [
    { name: "configuration", look: () => Promise.resolve(checkConfiguration(config, problems)) },
    { name: "node", look: () => Promise.resolve(checkNode(examined)) },
    { name: "certificates", look: () => checkCertificates(examined) },
    unless("broker", { name: "broker", look: () => checkBroker(examined) }),
    { name: "redis", look: () => checkStore(examined) },
    unless("reports", { name: "reports", look: () => checkReports(examined) }),
    { name: "datagrepper", look: () => checkReach("datagrepper", archive, "nothing is acted on without it") },
    { name: "compose host", look: () => checkReach("compose host", composeHost, "labels come from the bus alone") },
  ];
}

function unread(name: string): Finding {
  return warning(name, "not checked", "mend the configuration first");
}

function checkConfiguration(config: Config, problems: Problems): readonly Finding[] {
  const found = Object.values(problems).map((problem) => failure("configuration", problem));
  if (found.length > 0) return found;
  const risks = risksOf(config).map((risk) => warning("configuration", risk));
  return [ok("configuration", `${config.file} is valid; act = "${config.act}"`), ...risks];
}

function checkNode({ node }: Pick<Examined, "node">): readonly Finding[] {
  if (Number.parseInt(node) >= NEXT_NODE) return [ok("node", node)];
  return [ok("node", `${node} will do; from 2027 on AWS' SDK asks for ${NEXT_NODE}: have that before an upgrade`)];
}

async function checkReach(name: string, reach: Reach | null, meaning: string): Promise<readonly Finding[]> {
  if (reach === null) return [warning(name, `not configured: ${meaning}`)];
  const { words, remedy } = await reach();
  return [remedy === null ? ok(name, words) : warning(name, words, remedy)];
}

async function regionsOf({ store }: Pick<Examined, "store">): Promise<readonly string[]> {
  const regions = await (await store()).schedule.regions();
  return regions.length === 0 ? [FIRST_REGION] : [...regions].sort();
}

/** Runs a check to its findings, whatever happens. */
async function conclude({ name, look }: Check, limitMs: number): Promise<readonly Finding[]> {
  const ended = new AbortController();
  // Every call of a check listens to its end, and a region alone takes fourteen.
  setMaxListeners(0, ended.signal);
  try {
    return await within(
      limitMs,
      attempt(name, () => look(ended.signal)),
      tooLate,
    );
  } catch (error) {
    if (!(error instanceof TooLate)) throw error;
    const remedy = "check the network, and that the service runs";
    return [failure(name, `no answer within ${formatDuration(limitMs)}`, remedy)];
  } finally {
    ended.abort();
  }
}

class TooLate extends Error {
  override readonly name = "TooLate";
}

const tooLate = (): TooLate => new TooLate();
