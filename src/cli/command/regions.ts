import { isRegion } from "../../domain/image/image.ts";
import { REGION_NAMES } from "../../domain/image/regions.ts";
import { nearest, quote } from "../../domain/words.ts";
import { UsageError } from "../../errors.ts";

/** Checks the form of a region's name; `where` begins the complaint, `queue: --region`. Throws `UsageError` with the nearest. */
export function checkRegion(where: string, region: string): void {
  if (isRegion(region)) return;
  const guess = nearest(region.toLowerCase(), REGION_NAMES);
  throw new UsageError(
    `${where} ${quote(region)} is no region of EC2${guess === null ? "" : `: did you mean ${guess}?`}`,
  );
}

/** Throws `UsageError` for a region that is neither AWS's nor ours, so that a slip is not taken for an empty list. */
export async function checkKnown(
  where: string,
  asked: readonly string[] | null,
  { regions }: { readonly regions: () => Promise<readonly string[]> },
): Promise<void> {
  if (asked === null) return;
  const ours = await regions();
  for (const region of asked) {
    const hint = strangerText(region, ours);
    if (hint !== null) throw new UsageError(`${where} ${hint}`);
  }
}

/** A region that is neither among these nor one of AWS's, with the nearest; null: it is known. */
export function strangerText(region: string, ours: readonly string[]): string | null {
  const known = [...new Set([...ours, ...REGION_NAMES])];
  if (known.includes(region)) return null;
  const guess = nearest(region, known);
  return `${quote(region)} is not known${guess === null ? "" : `: did you mean ${guess}?`}`;
}
