import type { Finding } from "./finding.ts";

interface OfRegion {
  readonly region: string;
  /** What of it was looked at; empty: the whole. */
  readonly what: string;
  readonly finding: Finding;
}

/**
 * One finding for the regions of which the same was found, in place of one each; all else stands as it is. Numbers at the
 * beginning of a message may differ: the least and the most are told.
 */
export function alike(findings: readonly Finding[]): readonly Finding[] {
  const told: Finding[] = [];
  const groups = new Map<string, OfRegion[]>();
  const regions = new Set<string>();
  for (const finding of findings) {
    const { region, what = "" } = FORM.exec(finding.check)?.groups ?? {};
    if (region === undefined) {
      told.push(finding);
      continue;
    }
    regions.add(region);
    const { state, message, remedy } = finding;
    const key = JSON.stringify([what, state, message.replace(NUMBER, ""), remedy]);
    groups.set(key, [...(groups.get(key) ?? []), { region, what, finding }]);
  }
  return [...told, ...[...groups.values()].map((group) => joined(group, regions.size))];
}

const FORM = /^ec2 (?<region>[a-z]+(?:-[a-z]+)+-\d+)(?: (?<what>.+))?$/;
const NUMBER = /^\d+(?=;)/;

function joined(group: readonly OfRegion[], all: number): Finding {
  const [first] = group;
  if (first === undefined) throw new Error("a group has a member");
  const { finding, what } = first;
  if (group.length === 1) return finding;
  const names = group.length === all ? `all ${all} regions` : group.map(({ region }) => region).join(", ");
  const check = ["ec2", names, what].join(" ").trimEnd();
  return { ...finding, check, message: finding.message.replace(NUMBER, () => rangeOf(group)) };
}

/** `3` where all have so many, else `0 to 5, the most in us-east-1`. */
function rangeOf(group: readonly OfRegion[]): string {
  const counts = group
    .map(({ region, finding }) => ({ region, count: Number(NUMBER.exec(finding.message)?.[0] ?? 0) }))
    .sort((one, other) => one.count - other.count);
  const [least, most] = [counts[0], counts.at(-1)];
  if (least === undefined || most === undefined || least.count === most.count) return `${most?.count ?? 0} in each`;
  return `${least.count} to ${most.count}, the most in ${most.region}`;
}
