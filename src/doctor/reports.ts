import type { Config } from "../config/config.ts";
import { tokenVariable } from "../config/report.ts";
import { operatorRisk } from "../config/risks.ts";
import { ok, warning, type Finding } from "./finding.ts";
import type { ReportsCheckup, Team } from "../ports/index.ts";

interface ReportsNeeds {
  readonly config: Pick<Config, "report">;
  readonly reports: (() => Promise<ReportsCheckup>) | null;
  /** Operators beside those that the configuration names; null: none. */
  readonly team: (() => Promise<Team>) | null;
  /** Where they stood before; null: nowhere else. */
  readonly formerReports: (() => Promise<ReportsCheckup>) | null;
}

/** Whether reports can reach the public, as far as that can be known without writing. */
export async function checkReports({
  config,
  reports,
  team,
  formerReports,
}: ReportsNeeds): Promise<readonly Finding[]> {
  const { report } = config;
  if (reports === null)
    return [
      warning(
        "reports",
        "they go to the log alone, which nobody reads but you",
        'set report.kind = "pagure" or "forgejo", and a repo',
      ),
    ];
  const forge = await reports();
  const user = await forge.whoAmI();
  await forge.readIssues();
  await forge.mayPost();
  const risk = operatorRisk(user, report.operators);
  const remedy = `make a token for a bot's account, and set ${tokenVariable(report.kind) ?? ""}`;
  return [
    ...(risk === null ? [] : [warning("reports", risk, remedy)]),
    ...(await checkTeam({ config, team })),
    ...(await checkFormer({ config, formerReports })),
    ok("reports", `${user} may post issues and comments in ${report.repo} at ${report.url}`),
  ];
}

/** Whether it can be known who is in the team. Throws as the others here: without that its members are nobody. */
async function checkTeam({
  config: { report },
  team,
}: Pick<ReportsNeeds, "config" | "team">): Promise<readonly Finding[]> {
  if (team === null || report.operatorsTeam === null) return [];
  const members = await (await team()).members();
  const name = report.operatorsTeam;
  if (members.length > 0) return [ok("reports", `operators are also the ${members.length} members of ${name}`)];
  return [
    warning(
      "reports",
      `the team ${name} has no member but the token's user`,
      "let people join it, or name the accounts in report.operators",
    ),
  ];
}

/** Whether what people say can still be read where the reports stood before. */
async function checkFormer({
  config: { report },
  formerReports,
}: Pick<ReportsNeeds, "config" | "formerReports">): Promise<readonly Finding[]> {
  if (formerReports === null || report.also === null) return [];
  const { url, repo } = report.also;
  const forge = await formerReports();
  const user = await forge.whoAmI();
  await forge.readIssues();
  return [
    ok("reports", `${user} reads what is said in ${repo} at ${url}, until the last date promised there has passed`),
  ];
}
