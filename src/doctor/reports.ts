import type { Config } from "../config/config.ts";
import { tokenVariable } from "../config/report.ts";
import { operatorRisk } from "../config/risks.ts";
import { ok, warning, type Finding } from "./finding.ts";
import type { ReportsCheckup } from "../ports/index.ts";

interface ReportsNeeds {
  readonly config: Pick<Config, "report">;
  readonly reports: (() => Promise<ReportsCheckup>) | null;
}

/** Whether reports can reach the public, as far as that can be known without writing. */
export async function checkReports({ config, reports }: ReportsNeeds): Promise<readonly Finding[]> {
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
    ok("reports", `${user} may post issues and comments in ${report.repo} at ${report.url}`),
  ];
}
