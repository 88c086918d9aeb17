import { EC2Client } from "@aws-sdk/client-ec2";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { MINUTE_MS, SECOND_MS, type Instant } from "../../domain/time.ts";
import type { Clock, Log } from "../../ports.ts";

export interface Ec2Options {
  /** Serves EC2 of every region, and STS; null: AWS's own addresses. */
  readonly endpoint: string | null;
  /** Null: AWS's own chain of environment, profile and instance role. */
  readonly credentials: Credentials | null;
  /** Assumed with the credentials, and again before it ends; null: they act themselves. */
  readonly role: { readonly arn: string; readonly externalId: string | null } | null;
  readonly clock: Clock;
  readonly log: Log;
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** STS answers the same everywhere; this region needs no opting in. */
const STS_REGION = "us-east-1";
/** Shows in CloudTrail who acted. */
const SESSION_NAME = "clean-amis";
const REMEMBER_ACCOUNT_MS = 10 * MINUTE_MS;
const SETTINGS = {
  maxAttempts: 3,
  requestHandler: {
    connectionTimeout: 5 * SECOND_MS,
    requestTimeout: 20 * SECOND_MS,
    throwOnRequestTimeout: true,
  },
};

/** One EC2 client a region, and who they all act as. */
export class Ec2Clients {
  readonly #settings: typeof SETTINGS & { readonly endpoint?: string };
  readonly #clock: Clock;
  readonly #clients = new Map<string, EC2Client>();
  readonly #opened: { destroy(): void }[] = [];
  readonly #open: () => STSClient;
  #opening: STSClient | null = null;
  #account: { readonly id: Promise<string>; readonly until: Instant } | null = null;

  constructor({ endpoint, credentials, role, clock }: Ec2Options) {
    this.#settings = { ...SETTINGS, ...(endpoint !== null && { endpoint }) };
    this.#clock = clock;
    this.#open = () => {
      const given = this.#openSts(credentials);
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
    const client = new EC2Client({ ...this.#settings, region, credentials: this.#sts.config.credentials });
    this.#clients.set(region, client);
    this.#opened.push(client);
    return client;
  }

  /** The account that the credentials belong to; a failure is not remembered. */
  account(signal?: AbortSignal): Promise<string> {
    const now = this.#clock.now();
    if (this.#account !== null && now < this.#account.until) return this.#account.id;
    const id = this.#askAccount(signal).catch((error: unknown) => {
      this.#account = null;
      throw error;
    });
    this.#account = { id, until: now + REMEMBER_ACCOUNT_MS };
    return id;
  }

  /** Acts with the credentials that EC2 is called with; opened when it is first needed. */
  get #sts(): STSClient {
    return (this.#opening ??= this.#open());
  }

  async #askAccount(signal?: AbortSignal): Promise<string> {
    const options = signal === undefined ? {} : { abortSignal: signal };
    const { Account } = await this.#sts.send(new GetCallerIdentityCommand({}), options);
    return Account ?? "";
  }

  #openSts(credentials: Credentials | (() => ReturnType<typeof assume>) | null): STSClient {
    const client = new STSClient({
      ...this.#settings,
      region: STS_REGION,
      ...(credentials !== null && { credentials }),
    });
    this.#opened.push(client);
    return client;
  }
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
