import { secret, type ConfigFile, type Environment, type ReportKind } from "./file.ts";
import { duration, webAddress } from "./values.ts";
import { SECOND_MS } from "../domain/time.ts";
import { ConfigError } from "../errors.ts";

export interface ReportConfig {
  readonly kind: ReportKind;
  readonly url: string;
  readonly repo: string;
  readonly tags: readonly string[];
  /** Of a day's report; `{day}` stands for the day. */
  readonly title: string;
  /** The size of a post at the most, in bytes. */
  readonly mostBytes: number;
  /** Pause between readings of the comments on the reports. */
  readonly readEveryMs: number;
  /** Accounts whose comments are carried out as orders. */
  readonly operators: readonly string[];
  /** Comments of one author that are answered in a UTC day. */
  readonly objectionsPerDay: number;
  readonly token: string;
  /** Whether a post counts as the notice without which nothing is deleted. */
  readonly isPublic: boolean;
}

/** Whether the public reads what is posted to such a place. */
export const IS_SEEN: Readonly<Record<ReportKind, boolean>> = { pagure: true, forgejo: true, log: false };

/** A forge, as the configuration has to name it. */
interface ForgeNeeds {
  readonly name: string;
  /** Where the token comes from, and what it must be allowed. */
  readonly variable: "PAGURE_ACCESS_TOKEN" | "FORGEJO_ACCESS_TOKEN";
  readonly rights: string;
}

/** Null: it is no forge, and needs nothing. */
const FORGES: Readonly<Record<ReportKind, ForgeNeeds | null>> = {
  pagure: { name: "Pagure", variable: "PAGURE_ACCESS_TOKEN", rights: "issue_create and issue_comment" },
  forgejo: { name: "Forgejo", variable: "FORGEJO_ACCESS_TOKEN", rights: "read:user and write:issue" },
  log: null,
};

/** Where the token of such a place comes from; null: it needs none. */
export function tokenVariable(kind: ReportKind): string | null {
  return FORGES[kind]?.variable ?? null;
}

/** The address when none is given. */
const PAGURE_URL = "https://pagure.io";

/** The table `[consumer_config.report]`; `env` null: nothing is posted, and no token is needed. Throws `ConfigError`. */
export function readReport(
  file: string,
  report: ConfigFile["consumer_config"]["report"],
  env: Environment | null,
): ReportConfig {
  const { kind, url, repo, tags, title, operators, allow_delete_without_public_notice: isAllowed } = report;
  const forge = FORGES[kind];
  const token = env === null ? null : (secret(forge?.variable ?? "PAGURE_ACCESS_TOKEN", env) ?? "");
  if (forge !== null) checkForge(file, report, token, forge);
  if (IS_SEEN[kind] && isAllowed)
    throw new ConfigError(
      `${file}: consumer_config.report.allow_delete_without_public_notice goes only with kind = "log"`,
    );
  return {
    kind,
    url,
    repo,
    tags,
    title,
    operators,
    token: token ?? "",
    isPublic: IS_SEEN[kind] || isAllowed,
    mostBytes: report.part_bytes,
    readEveryMs: duration(file, "report.read_every", report.read_every, SECOND_MS),
    objectionsPerDay: report.objections_per_day,
  };
}

function checkForge(
  file: string,
  { url, repo, tags, kind }: Pick<ConfigFile["consumer_config"]["report"], "url" | "repo" | "tags" | "kind">,
  token: string | null,
  { name, variable, rights }: ForgeNeeds,
): void {
  if (repo === "")
    throw new ConfigError(
      `${file}: missing key consumer_config.report.repo: the ${name} project whose issues are the reports`,
    );
  if (webAddress(file, "report.url", url) === null)
    throw new ConfigError(`${file}: missing key consumer_config.report.url: ${name}'s address`);
  if (kind === "forgejo" && url.replace(/\/+$/, "") === PAGURE_URL)
    throw new ConfigError(
      `${file}: consumer_config.report.url is Pagure's: set Forgejo's address, such as https://forge.fedoraproject.org`,
    );
  if (kind === "forgejo" && !/^[^/]+\/[^/]+$/.test(repo))
    throw new ConfigError(
      `${file}: consumer_config.report.repo is ${JSON.stringify(repo)}: in Forgejo it is owner/repo`,
    );
  const [twice] = tags.map((tag) => tag.trim()).filter((tag, index, all) => all.indexOf(tag) < index);
  if (twice !== undefined)
    throw new ConfigError(
      `${file}: consumer_config.report.tags has ${JSON.stringify(twice)} twice: ${name} refuses such an issue; name it once`,
    );
  if (token === "")
    throw new ConfigError(`${variable} is not set: a token with ${rights}, or its file in ${variable}_FILE`);
}
