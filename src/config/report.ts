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
export const IS_SEEN: Readonly<Record<ReportKind, boolean>> = { pagure: true, log: false };

/** Throws `ConfigError` for what such a place lacks; null: it needs nothing. */
const CHECKS: Readonly<Record<ReportKind, typeof checkPagure | null>> = { pagure: checkPagure, log: null };

/** The table `[consumer_config.report]`; `env` null: nothing is posted, and no token is needed. Throws `ConfigError`. */
export function readReport(
  file: string,
  report: ConfigFile["consumer_config"]["report"],
  env: Environment | null,
): ReportConfig {
  const { kind, url, repo, tags, title, operators, allow_delete_without_public_notice: isAllowed } = report;
  const token = env === null ? null : (secret("PAGURE_ACCESS_TOKEN", env) ?? "");
  CHECKS[kind]?.(file, report, token);
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

function checkPagure(
  file: string,
  { url, repo, tags }: Pick<ConfigFile["consumer_config"]["report"], "url" | "repo" | "tags">,
  token: string | null,
): void {
  if (repo === "")
    throw new ConfigError(
      `${file}: missing key consumer_config.report.repo: the Pagure project whose issues are the reports`,
    );
  if (webAddress(file, "report.url", url) === null)
    throw new ConfigError(`${file}: missing key consumer_config.report.url: Pagure's address`);
  const [twice] = tags.map((tag) => tag.trim()).filter((tag, index, all) => all.indexOf(tag) < index);
  if (twice !== undefined)
    throw new ConfigError(
      `${file}: consumer_config.report.tags has ${JSON.stringify(twice)} twice: Pagure refuses such an issue; name it once`,
    );
  if (token === "")
    throw new ConfigError(
      "PAGURE_ACCESS_TOKEN is not set: a token with issue_create and issue_comment, or its file in PAGURE_ACCESS_TOKEN_FILE",
    );
}
