import type { Journal } from "./journal.ts";
import type { Budgets } from "./limits.ts";
import type { Listen } from "./messages.ts";
import type { Places } from "./places.ts";
import type { Queues, Schedule } from "./schedule.ts";
import type { StrangeThing } from "./system.ts";

/**
 * Looks at the services that change nothing there, for `doctor`. Each may be repeated. All throw `UpstreamError` for what may
 * pass, and `RefusedError` for what a person must mend; a call that takes a signal ends when that is aborted.
 */
export interface BrokerCheckup {
  /** The certificate that the broker shows, and why it is not trusted; null without TLS. */
  certificate(): Promise<{ readonly pem: string; readonly distrust: string | null } | null>;
  /** Logs in and looks for these, without declaring anything. */
  look(exchanges: readonly string[], queue: string | null): Promise<BrokerState>;
}

export interface BrokerState {
  /** Such as `RabbitMQ 3.10.8`. */
  readonly product: string;
  readonly missingExchanges: readonly string[];
  /** `exclusive`: it is there, and another connection has it for itself; null: none was asked for. */
  readonly queue: { readonly messages: number; readonly consumers: number } | "exclusive" | "missing" | null;
}

/** How Redis is reached, and which servers take our writes now. */
export interface StoreForm {
  readonly form: "alone" | "socket" | "sentinel" | "cluster";
  readonly masters: readonly {
    /** `host:port`, or the socket's path. */
    readonly address: string;
    /** Null: it may not be asked. */
    readonly replicas: number | null;
    /** How many replicas it wants before it takes a write; null: it may not be asked. */
    readonly wantedReplicas: number | null;
  }[];
  /** `appendfsync` of the server with our control keys; null: it may not be asked. */
  readonly fsync: string | null;
}

/** Redis, and what is remembered there. */
export interface StoreCheckup {
  readonly schedule: Pick<Schedule, "now" | "regions" | "countLive">;
  readonly queues: Pick<Queues, "regions" | "live" | "stages" | "images">;
  readonly places: Pick<Places, "walk">;
  /** What could not be read, as far as it was met. */
  readonly strangeThings: () => readonly StrangeThing[];
  readonly journal: Pick<Journal, "status">;
  /** Null: the bus is told nothing. */
  readonly busJournal: Pick<Journal, "status" | "untoldSince"> | null;
  readonly listen: Listen;
  readonly budgets: Pick<Budgets, "paused" | "stops">;
  /** Redis' own words of itself, from INFO; null when the user may not ask. */
  info(): Promise<Readonly<Record<string, string>> | null>;
  form(): Promise<StoreForm>;
  /** Why it can never do what `redis_durability` asks for, in one sentence with what to do; null: it can. */
  refusedDurability(): Promise<string | null>;
  /** Those of the commands that the service needs, and may not give; null when not even a transaction is allowed. */
  refusedCommands(): Promise<readonly string[] | null>;
  /** Milliseconds that one PING takes. */
  pingMs(): Promise<number>;
  /** What stands in the format's key, and the format that this program knows. */
  format(): Promise<{ readonly written: string | null; readonly known: number }>;
  /** The queue's name that all replicas share; null: none was made yet. */
  queueName(): Promise<string | null>;
  /** Bytes that an image of this region takes with its share of queues, sets and events; null when that cannot be measured. */
  bytesPerImage(region: string): Promise<number | null>;
}

/** The calls of EC2's API that the service makes. */
export type Ec2Action =
  | "DescribeImages"
  | "DescribeSnapshots"
  | "DescribeSnapshotAttribute"
  | "DescribeImageReferences"
  | "DescribeInstances"
  | "DescribeRegions"
  | "CreateImageUsageReport"
  | "DescribeImageUsageReports"
  | "DescribeImageUsageReportEntries"
  | "DeleteImageUsageReport"
  | "GetImageBlockPublicAccessState"
  | "ModifyImageAttribute"
  | "ModifySnapshotAttribute"
  | "CreateTags"
  | "DeleteTags"
  | "DeregisterImage"
  | "DeleteSnapshot";

export interface Permissions {
  readonly denied: readonly Ec2Action[];
  /** Those that the endpoint does not know. */
  readonly notOffered: readonly Ec2Action[];
  /** Those that failed in another way, so that nothing is known of them, and why. */
  readonly unanswered: readonly { readonly action: Ec2Action; readonly why: string }[];
}

export interface Ec2Checkup {
  account(signal: AbortSignal): Promise<string>;
  /** Whether the credentials may use the actions, by EC2's own dry run of each; none hides another. */
  tryPermissions(region: string, actions: readonly Ec2Action[], signal: AbortSignal): Promise<Permissions>;
  isWayBackOpen(region: string, signal: AbortSignal): Promise<boolean>;
  /** How many images of the account are public. */
  publicImages(region: string, signal: AbortSignal): Promise<number>;
}

/** The project that the reports go to. */
export interface ReportsCheckup {
  /** The name of the token's user. */
  whoAmI(): Promise<string>;
  /** Throws when the public cannot read the project's issues. */
  readIssues(): Promise<void>;
  /** Throws when the token may not open issues, or not comment on them. Nothing is written. */
  mayPost(): Promise<void>;
}

/**
 * Whether something answers as it should; resolves to a few words about it. `remedy`: what to do where it answers, but not
 * what the service needs; null where it does.
 */
export type Reach = () => Promise<{ readonly words: string; readonly remedy: string | null }>;
