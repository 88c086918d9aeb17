import { openForge } from "./upstream.ts";
import type { Config } from "../config/config.ts";
import { SECOND_MS } from "../domain/time.ts";
import { isOfNeighbour } from "../errors.ts";

const LIMIT_MS = 5 * SECOND_MS;

/**
 * The account that the reports are posted by, if its name matters for the configuration; else null, as when the place does not
 * answer: `doctor` is there to say why.
 */
export async function tokenUser({ report, userAgent }: Pick<Config, "report" | "userAgent">): Promise<string | null> {
  const forge = report.operators.length === 0 ? null : openForge({ report, userAgent }, { timeoutMs: LIMIT_MS });
  if (forge === null) return null;
  try {
    return await forge.whoAmI();
  } catch (error) {
    if (isOfNeighbour(error)) return null;
    throw error;
  }
}
