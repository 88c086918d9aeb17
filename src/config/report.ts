import { secret, type ConfigFile, type Environment, type ForgeKind, type ReportKind } from "./file.ts";
import { duration, webAddress } from "./values.ts";
import { heraldKey } from "../domain/comment/herald.ts";
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
  /** `organisation/team` in Forgejo, whose members' comments are carried out as well; null: none. */
  readonly operatorsTeam: string | null;
  /** Comments of one author that are answered in a UTC day. */
  readonly objectionsPerDay: number;
  /** Whether the forge's messages on new comments are heard on the bus as well. */
  readonly hearComments: boolean;
  readonly token: string;
  /** Where the reports stood before; null: nowhere else. */
  readonly also: FormerPlace | null;
  /** Whether a post counts as the notice without which nothing is deleted. */
  readonly isPublic: boolean;
}

/** A place that is read for objections as long as something promised there is still to come. */
export interface FormerPlace {
  readonly kind: ForgeKind;
  readonly url: string;
  readonly repo: string;
  readonly operators: readonly string[];
  readonly token: string;
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
const FORGES: Readonly<Record<ForgeKind, ForgeNeeds>> & { readonly log: null } = {
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
  const {
    kind,
    url,
    repo,
    tags,
    title,
    operators,
    operators_team: team,
    allow_delete_without_public_notice: isAllowed,
  } = report;
  const forge = FORGES[kind];
  const token = tokenOf(kind, env);
  if (forge !== null) checkForge({ file, table: "report" }, report, token, forge);
  if (team !== "" && kind !== "forgejo")
    throw new ConfigError(
      `${file}: consumer_config.report.operators_team goes only with kind = "forgejo": name the accounts in report.operators`,
    );
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
    operatorsTeam: team === "" ? null : team,
    token: token ?? "",
    also: readFormer(file, report, env),
    isPublic: IS_SEEN[kind] || isAllowed,
    mostBytes: report.part_bytes,
    readEveryMs: duration(file, "report.read_every", report.read_every, SECOND_MS),
    objectionsPerDay: report.objections_per_day,
    hearComments: report.hear_comments,
  };
}

/** The second place; what is read there is never of the kind that the reports go to: the same kind is known by its pages. */
function readFormer(
  file: string,
  { kind, also: { kind: before, url, repo, operators } }: ConfigFile["consumer_config"]["report"],
  env: Environment | null,
): FormerPlace | null {
  if (before === "") {
    if (`${url}${repo}` === "" && operators.length === 0) return null;
    throw new ConfigError(`${file}: missing key consumer_config.report.also.kind: pagure or forgejo`);
  }
  if (kind === "log" || kind === before)
    throw new ConfigError(
      `${file}: consumer_config.report.also goes only with reports in another kind of forge: in one kind, another project at the same address is read by itself, and what was told at another address is told anew`,
    );
  const token = tokenOf(before, env);
  checkForge({ file, table: "report.also" }, { url, repo, tags: [], kind: before }, token, FORGES[before]);
  return { kind: before, url, repo, operators, token: token ?? "" };
}

/** The routing keys that bring the messages on new comments, where they are to be heard. */
export function heraldKeysOf({
  kind,
  also,
  hearComments,
}: Pick<ReportConfig, "kind" | "also" | "hearComments">): readonly string[] {
  if (!hearComments || kind === "log") return [];
  return (also === null ? [kind] : [kind, also.kind]).map(heraldKey);
}

function tokenOf(kind: ReportKind, env: Environment | null): string | null {
  return env === null ? null : (secret(FORGES[kind]?.variable ?? "PAGURE_ACCESS_TOKEN", env) ?? "");
}

function checkForge(
  { file, table }: { readonly file: string; readonly table: string },
  { url, repo, tags, kind }: Pick<ConfigFile["consumer_config"]["report"], "url" | "repo" | "tags" | "kind">,
  token: string | null,
  { name, variable, rights }: ForgeNeeds,
): void {
  if (repo === "")
    throw new ConfigError(
      `${file}: missing key consumer_config.${table}.repo: the ${name} project whose issues are the reports`,
    );
  if (webAddress(file, `${table}.url`, url) === null)
    throw new ConfigError(`${file}: missing key consumer_config.${table}.url: ${name}'s address`);
  if (kind === "forgejo" && url.replace(/\/+$/, "") === PAGURE_URL)
    throw new ConfigError(
      `${file}: consumer_config.${table}.url is Pagure's: set Forgejo's address, such as https://forge.fedoraproject.org`,
    );
  if (kind === "forgejo" && !/^[^/]+\/[^/]+$/.test(repo))
    throw new ConfigError(
      `${file}: consumer_config.${table}.repo is ${JSON.stringify(repo)}: in Forgejo it is owner/repo`,
    );
  const [twice] = tags.map((tag) => tag.trim()).filter((tag, index, all) => all.indexOf(tag) < index);
  if (twice !== undefined)
    throw new ConfigError(
      `${file}: consumer_config.${table}.tags has ${JSON.stringify(twice)} twice: ${name} refuses such an issue; name it once`,
    );
  if (token === "")
    throw new ConfigError(`${variable} is not set: a token with ${rights}, or its file in ${variable}_FILE`);
}
