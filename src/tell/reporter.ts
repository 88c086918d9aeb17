import type { Policy } from "../domain/compose/classify.ts";
import type { Periods } from "../domain/image/lifecycle.ts";
import type { Stoppage } from "../domain/report/outlook.ts";
import type { Journal, Log, Reports, Schedule } from "../ports/index.ts";

/** What a pass of the reporter works with. */
export interface Reporter {
  readonly schedule: Schedule;
  readonly journal: Journal;
  readonly reports: Reports;
  readonly log: Log;
  readonly periods: Periods;
  readonly policy: Pick<Policy, "keepNewest">;
  /** Whether a post counts as public notice, so that deadlines may be set. */
  readonly isPublic: boolean;
  /** Title of a day's report; `{day}` stands for the day. */
  readonly title: string;
  /** The size of a post at the most, in bytes. */
  readonly mostBytes: number;
  /** The budgets and stops in force, with what they keep from being done. */
  readonly stoppages: () => Promise<readonly Stoppage[]>;
}
