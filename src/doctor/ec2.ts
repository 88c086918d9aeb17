import { setMaxListeners } from "node:events";
import type { Config } from "../config/config.ts";
import { attempt } from "./attempt.ts";
import { failure, ok, warning, type Finding } from "./finding.ts";
import { RefusedError, UpstreamError } from "../errors.ts";
import { deadline } from "../limit.ts";
import type { Ec2Action, Ec2Checkup, Permissions } from "../ports/index.ts";

interface Ec2Needs {
  readonly config: Pick<Config, "ec2" | "act" | "usage">;
  readonly ec2: () => Promise<Ec2Checkup>;
}

/** Without these nothing can be planned. */
const LOOK: readonly Ec2Action[] = [
  "DescribeImages",
  "DescribeSnapshots",
  "DescribeSnapshotAttribute",
  "DescribeRegions",
  "GetImageBlockPublicAccessState",
];
/** To make private, and to give back. */
const CHANGE: readonly Ec2Action[] = ["ModifyImageAttribute", "ModifySnapshotAttribute", "CreateTags", "DeleteTags"];
const DELETE: readonly Ec2Action[] = ["DeregisterImage", "DeleteSnapshot"];
/** Either will do to see what uses an image; the first sees launch templates as well. */
const USAGE: readonly Ec2Action[] = ["DescribeImageReferences", "DescribeInstances"];
const ALL = [...LOOK, ...CHANGE, ...DELETE];
/** Who uses images in other accounts, where that is asked. */
const ELSEWHERE: readonly Ec2Action[] = [
  "CreateImageUsageReport",
  "DescribeImageUsageReports",
  "DescribeImageUsageReportEntries",
  "DeleteImageUsageReport",
];

/** Quota of public images a region, in Service Quotas' own words. */
const QUOTA = "Public AMIs (L-0E3CBAB9)";

/** What is found where there are no credentials: without any, no region needs to be asked. */
export const NO_CREDENTIALS = "ec2 credentials";

/** Whether there are credentials, and whose they are. */
export async function examineAccount({ config, ec2 }: Ec2Needs, signal: AbortSignal): Promise<readonly Finding[]> {
  let account: string;
  try {
    account = await (await ec2()).account(signal);
  } catch (error) {
    const isTheirs = error instanceof UpstreamError && error.scope === "credentials";
    if (!isTheirs && !(error instanceof RefusedError)) throw error;
    return [failure(NO_CREDENTIALS, `${error.message}; no region is checked`)];
  }
  const wanted = config.ec2.guards.account;
  if (account === wanted) return [ok("ec2 account", account)];
  const remedy = "give credentials of that account, or a role in it, or mend ec2.account";
  return [
    failure("ec2 account", `the credentials are of ${account}, the images of ${wanted}: nothing is acted on`, remedy),
  ];
}

/** What may be done in one region. A region that does not answer is one finding; a call that does not hides no other. */
export async function checkRegion(
  region: string,
  { config, ec2, callLimitMs }: Ec2Needs & { readonly callLimitMs: number },
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const images = await ec2();
  const { signal: soon, end } = deadline(callLimitMs, signal);
  setMaxListeners(0, soon);
  const actions = [...allOf(config), ...USAGE];
  const [permissions, wayBack, count] = await Promise.all([
    images.tryPermissions(region, actions, soon),
    examineWayBack(region, images, soon),
    countPublic(region, images, soon),
  ]).finally(end);
  const { denied, notOffered, unanswered } = permissions;
  const [first] = unanswered;
  if (first !== undefined && unanswered.length === actions.length)
    return [failure(`ec2 ${region}`, `nothing is answered: ${first.why}`, NETWORK)];
  const lacks = new Set<Ec2Action>([...denied, ...notOffered, ...unanswered.map(({ action }) => action)]);
  return [
    ...judgePermissions(region, permissions, config),
    ...(lacks.has("GetImageBlockPublicAccessState") ? [] : wayBack),
    ...(lacks.has("DescribeImages") ? [] : count),
  ];
}

const NETWORK = "check the network, and that EC2 works in the region";

/** A missing permission is a failure where the configuration needs it, and a warning where only a higher `act` would. */
function judgePermissions(
  region: string,
  { denied, notOffered, unanswered }: Permissions,
  config: Ec2Needs["config"],
): readonly Finding[] {
  const { act, ec2 } = config;
  const check = `ec2 ${region} permissions`;
  const all = allOf(config);
  const isActing = act !== "nothing";
  const needed = [
    ...LOOK,
    ...(isActing ? [...CHANGE, ...all.filter((action) => ELSEWHERE.includes(action))] : []),
    ...(act === "delete" ? DELETE : []),
  ];
  const missing = denied.filter((action) => needed.includes(action));
  const later = denied.filter((action) => all.includes(action) && !needed.includes(action));
  const findings = [
    ...(missing.length === 0 ? [] : [failure(check, `missing ${namesOf(missing)}`, "allow them in the IAM policy")]),
    ...(later.length === 0
      ? []
      : [
          warning(
            check,
            `missing ${namesOf(later)}, which act = ${JSON.stringify(act)} does not need`,
            "allow them before raising act",
          ),
        ]),
    ...judgeUsage(check, denied, notOffered, ec2.guards),
    ...notOffered
      .filter((action) => all.includes(action))
      .map((action) =>
        failure(check, `the endpoint does not know ec2:${action}`, "see that ec2.endpoint is EC2's own"),
      ),
    ...unanswered.map(({ action, why }) =>
      failure(check, `whether ec2:${action} is allowed is not known: ${why}`, "run doctor again"),
    ),
  ];
  return findings.length > 0 ? findings : [ok(check, `all ${all.length + USAGE.length} allowed`)];
}

function allOf({ usage }: Pick<Config, "usage">): readonly Ec2Action[] {
  return usage === null ? ALL : [...ALL, ...ELSEWHERE];
}

/** What cannot be asked is lost to the guard; nothing is while the one that sees launch templates as well can be. */
function judgeUsage(
  check: string,
  denied: readonly Ec2Action[],
  notOffered: readonly Ec2Action[],
  guards: Config["ec2"]["guards"],
): readonly Finding[] {
  const lacking = USAGE.filter((action) => denied.includes(action) || notOffered.includes(action));
  const [first] = USAGE;
  if (!guards.inUse || first === undefined || !lacking.includes(first)) return [];
  const isUnknown = notOffered.includes(first);
  const unseen = "launch templates that use an image are not seen";
  if (lacking.length < USAGE.length)
    return isUnknown
      ? [warning(check, `the endpoint does not know ${namesOf(lacking)}: ${unseen}`, "nothing, if it is no AWS")]
      : [warning(check, `missing ${namesOf(lacking)}: ${unseen}`, "allow it")];
  const message = `missing ${namesOf(lacking)}: whether an image is in use cannot be asked`;
  return guards.unusable === "pass"
    ? [warning(check, `${message}, and it is passed over (ec2.unusable_guards)`, "allow one of them")]
    : [failure(check, `${message}, so nothing is acted on`, "allow one of them")];
}

function examineWayBack(region: string, images: Ec2Checkup, signal: AbortSignal): Promise<readonly Finding[]> {
  const check = `ec2 ${region} block public access`;
  const message = "on: nothing is made private here, as it could not be given back";
  return attempt(check, async () =>
    (await images.isWayBackOpen(region, signal))
      ? [ok(check, "off: what is made private can be given back")]
      : [failure(check, message, "switch it off for images in this region")],
  );
}

function countPublic(region: string, images: Ec2Checkup, signal: AbortSignal): Promise<readonly Finding[]> {
  const check = `ec2 ${region} public images`;
  return attempt(check, async () => {
    const count = await images.publicImages(region, signal);
    return [ok(check, `${count}; the quota ${QUOTA} is not read: compare it in Service Quotas`)];
  });
}

function namesOf(actions: readonly Ec2Action[]): string {
  return actions.map((action) => `ec2:${action}`).join(", ");
}
