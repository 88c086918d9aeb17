import { EC2Client } from "@aws-sdk/client-ec2";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { limitAnswers } from "./answers.ts";
import { translateEc2 } from "./errors.ts";
import { Pace } from "./pace.ts";
import { retriesOn } from "./retries.ts";
import { TheirClock } from "./their-clock.ts";
import { within } from "../limit.ts";
import { MINUTE_MS, SECOND_MS, type Instant } from "../../domain/time.ts";
import { UpstreamError } from "../../errors.ts";
import { NO_METER, type Clock, type Log, type Meter, type Random } from "../../ports/index.ts";

export interface Ec2Options {
  /** Serves EC2 of every region, and STS; null: AWS's own addresses. */
  readonly endpoint: string | null;
  /** Null: AWS's own chain of environment, profile and instance role. */
  readonly credentials: Credentials | null;
  /** Assumed with the credentials, and again before it ends; null: they act themselves. */
  readonly role: { readonly arn: string; readonly externalId: string | null } | null;
  /** How much of EC2's token buckets we take, above 0 and up to 1. */
  readonly share: number;
  /** How many processes the share is for, 1 or more; without it this one alone. */
  readonly replicas?: () => number;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: Random;
  /** @default NO_METER */
  readonly meter?: Pick<Meter, "ec2" | "ec2Wait">;
  /** From a request to the last byte of its answer, and for the credentials' own source, in milliseconds. @default 20000 */
  readonly answerWithinMs?: number;
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** STS answers the same everywhere; this region needs no opting in. */
const STS_REGION = "us-east-1";
/** Asked for our account while the first one is dead: that must not keep us from every other region. */
const SECOND_STS_REGION = "us-west-2";
/** Shows in CloudTrail who acted. */
const SESSION_NAME = "clean-amis";
const REMEMBER_ACCOUNT_MS = 10 * MINUTE_MS;
const ANSWER_WITHIN_MS = 20 * SECOND_MS;
const SETTINGS = { requestHandler: { connectionTimeout: 5 * SECOND_MS } };

/** One EC2 client a region, and who they all act as. */
export class Ec2Clients {
  readonly #settings: typeof SETTINGS & {
    readonly endpoint?: string;
    readonly retryStrategy: ReturnType<typeof retriesOn>;
  };
  readonly #pace: Pace;
  readonly #theirClock = new TheirClock();
  readonly #clock: Clock;
  readonly #clients = new Map<string, EC2Client>();
  readonly #opened = new Set<{ destroy(): void }>();
  readonly #open: () => STSClient;
  readonly #limitMs: number;
  readonly #log: Log;
  /** Has AWS's own chain of credentials. */
  #chain: STSClient | null = null;
  #opening: STSClient | null = null;
  #second: STSClient | null = null;
  #account: { readonly id: string; readonly until: Instant } | null = null;
  #asking: Promise<string> | null = null;

  constructor(options: Ec2Options) {
    const { endpoint, credentials, role, share, clock, log, random = Math.random } = options;
    this.#limitMs = options.answerWithinMs ?? ANSWER_WITHIN_MS;
    this.#log = log;
    this.#settings = { ...SETTINGS, retryStrategy: retriesOn(clock, random), ...(endpoint !== null && { endpoint }) };
    this.#pace = new Pace(clock, { share, replicas: options.replicas ?? (() => 1) }, options.meter ?? NO_METER);
    this.#clock = clock;
    this.#open = () => {
      const given = this.#openSts(credentials ?? (() => this.#askChain()));
      return role === null ? given : this.#openSts(() => assume(given, role));
    };
  }

  close(): void {
    for (const client of this.#opened) client.destroy();
  }

  region(region: string): EC2Client {
    const known = this.#clients.get(region);
    if (known !== undefined) return known;
    // All share the one provider, which remembers what it got and renews it five minutes before it ends.
    const { credentials } = this.#sts.config;
    const client = this.#limited(new EC2Client({ ...this.#settings, region, credentials }));
    this.#pace.watch(client, region);
    this.#clients.set(region, client);
    return client;
  }

  /**
   * The account that the credentials belong to; only an answer is remembered, and those who ask meanwhile wait for the same one.
   * `isFresh`: STS is asked, whatever is remembered. Throws `UpstreamError` also when its clock and ours are apart.
   */
  async account({
    isFresh = false,
    signal,
  }: { readonly isFresh?: boolean; readonly signal?: AbortSignal } = {}): Promise<string> {
    const now = this.#clock.now();
    if (isFresh) return this.#remember(this.#askAccount(signal), now);
    // Any answer of EC2's since then may have told that a clock has jumped.
    if (this.#account !== null && now < this.#account.until && this.#theirClock.isOurs()) return this.#account.id;
    this.#asking ??= this.#remember(this.#askAccount(signal), now).finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #remember(asking: Promise<string>, now: Instant): Promise<string> {
    this.#account = null;
    const id = await asking;
    this.#account = { id, until: now + REMEMBER_ACCOUNT_MS };
    return id;
  }

  /** Acts with the credentials that EC2 is called with; opened when it is first needed. */
  get #sts(): STSClient {
    return (this.#opening ??= this.#open());
  }

  async #askAccount(signal?: AbortSignal): Promise<string> {
    try {
      return await this.#accountBy(this.#sts, signal);
    } catch (error) {
      const known = translateEc2(error, "account", []);
      if (!(known instanceof UpstreamError) || ["credentials", "account"].includes(known.scope)) throw error;
      const second = (this.#second ??= this.#openSts(this.#sts.config.credentials, SECOND_STS_REGION));
      return this.#accountBy(second, signal);
    }
  }

  /** Throws `UpstreamError` also when STS' clock and ours are apart. */
  async #accountBy(sts: STSClient, signal?: AbortSignal): Promise<string> {
    const id = await accountOf(sts, signal);
    this.#theirClock.check(sts);
    return id;
  }

  #openSts(credentials: Credentials | (() => Promise<Credentials>), region = STS_REGION): STSClient {
    return this.#limited(new STSClient({ ...this.#settings, region, credentials }));
  }

  /** The SDK waits for a source of credentials (a program, an address) for ever, and all its clients for the same one. */
  async #askChain(): Promise<Credentials> {
    const chain = (this.#chain ??= this.#limited(new STSClient({ ...this.#settings, region: STS_REGION })));
    try {
      return await within(
        this.#limitMs,
        chain.config.credentials(),
        "the source of the AWS credentials gave no answer",
      );
    } catch (error) {
      // It remembers what it waits for, and would wait for the same again.
      this.#opened.delete(chain);
      this.#chain = null;
      chain.destroy();
      throw error;
    }
  }

  #limited<T extends EC2Client | STSClient>(client: T): T {
    this.#opened.add(client);
    return this.#theirClock.watch(limitAnswers(client, this.#limitMs, this.#log));
  }
}

async function accountOf(sts: STSClient, signal?: AbortSignal): Promise<string> {
  const options = signal === undefined ? {} : { abortSignal: signal };
  const { Account } = await sts.send(new GetCallerIdentityCommand({}), options);
  return Account ?? "";
}

async function assume(
  sts: STSClient,
  role: NonNullable<Ec2Options["role"]>,
): Promise<Credentials & { readonly expiration?: Date }> {
  const { Credentials: got } = await sts.send(
    new AssumeRoleCommand({
      RoleArn: role.arn,
      RoleSessionName: SESSION_NAME,
      ...(role.externalId !== null && { ExternalId: role.externalId }),
    }),
  );
  return {
    accessKeyId: got?.AccessKeyId ?? "",
    secretAccessKey: got?.SecretAccessKey ?? "",
    ...(got?.SessionToken !== undefined && { sessionToken: got.SessionToken }),
    ...(got?.Expiration !== undefined && { expiration: got.Expiration }),
  };
}
