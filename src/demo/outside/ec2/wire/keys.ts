import { createHash } from "node:crypto";

/** An AWS account and one of its access keys. */
interface Account {
  /** Twelve digits. */
  readonly id: string;
  /** Left out: signatures are not checked. */
  readonly secretAccessKey?: string;
  /** Actions that answer `UnauthorizedOperation`, as without the IAM permission. */
  readonly denied?: readonly string[];
  /** What the key may assume; any other role is `AccessDenied`. */
  readonly roles?: readonly Role[];
}

/** An IAM role and what its trust policy asks for. */
interface Role {
  /** `arn:aws:iam::ACCOUNT:role/NAME`; whoever assumes it acts in that account. */
  readonly arn: string;
  /** Left out: none is asked for. */
  readonly externalId?: string;
  /** As an account's. */
  readonly denied?: readonly string[];
}

/** By access key id. */
export type Accounts = Readonly<Record<string, Account>>;

/** Whom an access key stands for. */
export interface Key {
  readonly account: Account;
  readonly arn: string;
  readonly userId: string;
  /** Null: the key is a user's own and lasts. */
  readonly session: { readonly token: string; readonly expiresAt: number } | null;
}

/** What AssumeRole hands out. */
export interface TemporaryKey extends Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly session: NonNullable<Key["session"]>;
}

/** IAM's name rules; a path may stand before the name. */
const ROLE_ARN = /^arn:aws:iam::(?<account>\d{12}):role\/(?:[\w+=,.@-]+\/)*(?<name>[\w+=,.@-]{1,64})$/;

/** The access keys that the simulator knows: those it began with, and those of assumed roles. */
export class Keyring {
  readonly #keys = new Map<string, Key>();
  #issued = 0;

  /** Throws where a role's ARN is none. */
  constructor(accounts: Accounts) {
    for (const [accessKeyId, account] of Object.entries(accounts)) {
      for (const role of account.roles ?? []) readRoleArn(role.arn);
      const arn = `arn:aws:iam::${account.id}:user/${accessKeyId}`;
      this.#keys.set(accessKeyId, { account, arn, userId: uniqueId("AIDA", arn), session: null });
    }
  }

  find(accessKeyId: string): Key | null {
    return this.#keys.get(accessKeyId) ?? null;
  }

  /** A further key for a session of the role; counted, so that a story reads the same each time. */
  issue(role: Role, sessionName: string, expiresAt: number): TemporaryKey {
    const { account: id, name } = readRoleArn(role.arn);
    this.#issued += 1;
    const accessKeyId = `ASIA${String(this.#issued).padStart(16, "0")}`;
    const secretAccessKey = digest(`secret ${accessKeyId}`).toString("base64").slice(0, 40);
    const key: TemporaryKey = {
      account: { id, secretAccessKey, denied: role.denied ?? [] },
      arn: `arn:aws:sts::${id}:assumed-role/${name}/${sessionName}`,
      userId: `${uniqueId("AROA", role.arn)}:${sessionName}`,
      session: { token: digest(`token ${accessKeyId}`).toString("base64"), expiresAt },
      accessKeyId,
      secretAccessKey,
    };
    this.#keys.set(accessKeyId, key);
    return key;
  }
}

function readRoleArn(arn: string): { readonly account: string; readonly name: string } {
  const { account, name } = ROLE_ARN.exec(arn)?.groups ?? {};
  if (account === undefined || name === undefined) throw new Error(`${arn} is not the ARN of a role.`);
  return { account, name };
}

/** reference_identifiers, "Unique identifiers": a prefix for the kind, then seventeen letters and digits. */
function uniqueId(prefix: string, arn: string): string {
  return prefix + digest(arn).toString("hex").toUpperCase().slice(0, 17);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
