import type { Instant } from "../../domain/time.ts";
import type { Service, UpstreamError } from "../../errors.ts";
import type { ReportsCheckup } from "../../ports/index.ts";

/** An issue with its comments, as far as reports and objections need it. */
export interface Issue {
  /** Its number within the repo. */
  readonly id: number;
  readonly title: string;
  readonly author: string;
  readonly content: string;
  /** Where people read it. */
  readonly url: string;
  readonly isOpen: boolean;
  readonly comments: readonly IssueComment[];
}

export interface IssueComment {
  readonly id: number;
  readonly author: string;
  /** Who changed its text last; empty: nobody did; null: it does not say. */
  readonly editors: readonly string[] | null;
  readonly text: string;
  /** When it was written or edited last; null: it does not say. */
  readonly writtenAt: Instant | null;
  /** Where people read it. */
  readonly url: string;
  /** The forge wrote it itself, in the name of whoever changed something. */
  readonly isNotification: boolean;
}

/** An issue's place. */
export interface IssuePlace {
  readonly repo: string;
  readonly number: number;
}

/** As whom something is read: without the token, or as its user, who may see more. */
export type Reader = "public" | "user";

/** What the codes of a forge's refusals mean. */
export interface ForgeCodes {
  /** There is no such issue any more. */
  readonly gone: readonly string[];
  /** It is there, and not for whoever asked. */
  readonly hidden: readonly string[];
  /** The token is not accepted. */
  readonly token: readonly string[];
  /** What a closed or locked issue says no with; everything else is about the token, the repo or the post. */
  readonly notThisIssue: readonly string[];
  /** What a repo says no with that the token was not made for, or that nobody keeps any more. */
  readonly notThisRepo: readonly string[];
}

/**
 * A place with issues and comments, as the reports need it. Writing uses the token; **reading goes without it** unless it is asked
 * for, so that what is found and confirmed is what the public sees. Nothing is idempotent there: whoever writes looks before. Each
 * throws `UpstreamError` for what may pass, and `RefusedError`, with the remedy in its sentence, for what a person must mend.
 */
export interface Forge extends ReportsCheckup {
  readonly service: Service;
  /** What people call it. */
  readonly name: string;
  /** The repo of today. */
  readonly repo: string;
  readonly codes: ForgeCodes;
  /** The name of the token's user; whoever asks is about to write what is dated. */
  whoAmI(): Promise<string>;
  /** The issues by this author, open or closed, that changed since the start of this UTC day, or ever; comments may be missing. */
  issuesBy(author: string, sinceDay: string | null, reader?: Reader): Promise<readonly Issue[]>;
  /** The same, and those whose comments alone changed. */
  changedBy(author: string, sinceDay: string | null, reader?: Reader): Promise<readonly Issue[]>;
  /** One issue with its comments. */
  issue(id: number, reader?: Reader, repo?: string): Promise<Issue>;
  /** Opens an issue and resolves to its number. */
  newIssue(title: string, content: string, tags: readonly string[]): Promise<number>;
  comment(id: number, text: string, repo?: string): Promise<void>;
  editIssue(id: number, title: string, content: string): Promise<void>;
  /** Whether a comment can be edited there at all. */
  readonly editsComments: boolean;
  editComment(id: number, text: string, repo?: string): Promise<void>;
  /** The issue at an address that the forge gave; null for an address of another form. */
  placeAt(address: string): IssuePlace | null;
  /** Whether a post that failed so may have been done all the same, or may still be. */
  mayHaveArrived(error: UpstreamError): boolean;
}

/** Failures of a call that certainly did not arrive: the system's codes for a connection that was never made. */
export const NEVER_SENT: readonly string[] = [
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
];

/** `12` for an issue of the repo of today, `old/repo#12` for one of another; names count in any case. */
export function threadIdOf({ repo, number }: IssuePlace, here: Pick<Forge, "repo">): string {
  return repo.toLowerCase() === here.repo.toLowerCase() ? String(number) : `${repo}#${number}`;
}

export function placeOf(threadId: string, here: Pick<Forge, "repo">): IssuePlace {
  const [number = "", repo] = threadId.split("#").reverse();
  return { repo: repo ?? here.repo, number: Number(number) };
}
