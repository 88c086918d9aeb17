import { secret, type ConfigFile, type Environment } from "./file.ts";
import { duration, isLoopback, webAddress } from "./values.ts";
import { servedInHalf } from "../domain/limits/pace.ts";
import type { Guards } from "../domain/plan/plan.ts";
import { parseProtectingTag, type ProtectingTag } from "../domain/plan/protecting-tag.ts";
import { formatDuration } from "../domain/time.ts";
import { ConfigError } from "../errors.ts";

/** How EC2 is reached, and what protects its images from us. */
export interface Ec2Config {
  /** Serves every region, and STS as well; null: AWS's own addresses. */
  readonly endpoint: string | null;
  /** Null: AWS's own chain of environment, profile and instance role. */
  readonly credentials: Credentials | null;
  /** The role that is assumed with them; null: they act themselves. */
  readonly role: Role | null;
  /** How much of EC2's token buckets all replicas together take, above 0 and up to 1. */
  readonly share: number;
  readonly guards: Guards;
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

interface Role {
  readonly arn: string;
  /** What the role's trust policy demands beside the caller's name; null: nothing. */
  readonly externalId: string | null;
}

/** The table `[consumer_config.ec2]`; `leaseMs`: how long a claim lasts. Throws `ConfigError`. */
export function readEc2(
  file: string,
  ec2: ConfigFile["consumer_config"]["ec2"],
  env: Environment,
  leaseMs: number,
): Ec2Config {
  return {
    endpoint: webAddress(file, "ec2.endpoint", ec2.endpoint),
    credentials: readCredentials(env),
    role: readRole(file, ec2.role_arn, ec2.external_id),
    share: readShare(file, ec2, leaseMs),
    guards: {
      account: ec2.account,
      protectingTags: ec2.protecting_tags.map((text) => readProtectingTag(file, text)),
      inUse: ec2.in_use,
      recentlyLaunchedMs: duration(file, "ec2.recently_launched", ec2.recently_launched),
      unusable: ec2.unusable_guards,
    },
  };
}

function readProtectingTag(file: string, text: string): ProtectingTag {
  const tag = parseProtectingTag(text);
  if (tag.ok) return tag.value;
  throw new ConfigError(
    `${file}: consumer_config.ec2.protecting_tags: ${tag.reason}: letters, digits, single spaces and + - . _ : / @`,
  );
}

/** A claim must last for one image at least, or none would ever be finished; on a simulator everything may be tried. */
function readShare(file: string, { share, endpoint }: ConfigFile["consumer_config"]["ec2"], leaseMs: number): number {
  if (isLoopback(endpoint) || servedInHalf(leaseMs, share) >= 1) return share;
  throw new ConfigError(
    `${file}: consumer_config.ec2.share = ${share}: serves not one image in half of schedule.lease = ${formatDuration(leaseMs)}: raise either`,
  );
}

function readRole(file: string, arn: string, externalId: string): Role | null {
  if (arn !== "") return { arn, externalId: externalId === "" ? null : externalId };
  if (externalId === "") return null;
  throw new ConfigError(`${file}: missing key consumer_config.ec2.role_arn: external_id goes only with a role`);
}

/**
 * The keys of the environment, which may stand in files: AWS's chain does not read those. The names that the old script read
 * count where AWS's own are not set. A profile leaves all to the chain.
 */
function readCredentials(env: Environment): Credentials | null {
  if (env["AWS_PROFILE"] !== undefined) return null;
  const accessKeyId = secret("AWS_ACCESS_KEY_ID", env) ?? secret("AWS_ACCESS_KEY", env);
  const secretAccessKey = secret("AWS_SECRET_ACCESS_KEY", env);
  if (accessKeyId === undefined || secretAccessKey === undefined) return null;
  const sessionToken = secret("AWS_SESSION_TOKEN", env);
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}
