import type { Instant } from "../../../domain/time.ts";

/** An API token's rights. */
export interface TokenRights {
  readonly user: string;
  /** Such as `issue_create`, `issue_comment`, `issue_change_status`, `issue_update`. */
  readonly acls: readonly string[];
  /** The project to which the token is bound, as `repo` or `ns/repo`; null: none. */
  readonly project: string | null;
  /** null: never. */
  readonly expiresAt: Instant | null;
}

/** Pagure's own words for its error codes (pagure/api/__init__.py), those that the issue calls can give. */
const SENTENCES = {
  ENOCODE: "Variable message describing the issue",
  ENOPROJECT: "Project not found",
  ETRACKERDISABLED: "Issue tracker disabled",
  ETRACKERREADONLY: "The issue tracker of this project is read-only",
  EDBERROR: "An error occurred at the database level and prevent the action from reaching completion",
  EINVALIDREQ: "Invalid or incomplete input submitted",
  EINVALIDTOK: "Invalid or expired token. Please visit /settings#nav-api-tab to get or renew your API token.",
  ENOISSUE: "Issue not found",
  EISSUENOTALLOWED: "You are not allowed to view this issue",
  EUBLOCKED: "You have been blocked from this project",
  ETIMESTAMP: "Invalid timestamp format",
  EDATETIME: "Invalid datetime format",
  EINVALIDPERPAGEVALUE: "The per_page value must be between 1 and 100",
} as const;

type PagureErrorCode = keyof typeof SENTENCES;

/** Field to complaints for a form; one plain string for a token. */
type PagureErrors = string | Readonly<Record<string, readonly string[]>>;

/** An answer of Pagure's that is an error. Thrown by the handlers, turned into JSON by the server. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly body: object;

  constructor(status: number, code: PagureErrorCode, errors?: PagureErrors) {
    super(`${status} ${code}`);
    this.status = status;
    this.body = pagureError(code, errors);
  }
}

/**
 * The JSON body of an error, for faults that shall look like Pagure's own.
 * @internal exported for the tests
 */
export function pagureError(code: PagureErrorCode, errors?: PagureErrors): object {
  return { error: SENTENCES[code], error_code: code, ...(errors === undefined ? {} : { errors }) };
}

/** A web page in place of JSON: what Pagure's framework or a proxy answers. */
export class PageError extends Error {
  override readonly name = "PageError";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, title: string, headers: Readonly<Record<string, string>> = {}) {
    super(title);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * Whose token stands in the header: everything after the word `token`, blanks cut off, as Pagure reads it. Null without
 * one, where it is optional. Throws `ApiError` 401 for an unknown or expired token, or one with none of the `acls`.
 */
export function authenticate(
  tokens: ReadonlyMap<string, TokenRights>,
  header: string,
  now: Instant,
  acls: readonly string[] | "optional",
): TokenRights | null {
  const word = header.indexOf("token");
  const token = word === -1 ? "" : header.slice(word + "token".length).trim();
  if (token === "" && acls === "optional") return null;
  const rights = tokens.get(token);
  if (rights === undefined) throw new ApiError(401, "EINVALIDTOK", "Invalid token");
  if (rights.expiresAt !== null && rights.expiresAt <= now) throw new ApiError(401, "EINVALIDTOK", "Expired token");
  if (acls !== "optional" && !acls.some((acl) => rights.acls.includes(acl))) {
    throw new ApiError(401, "EINVALIDTOK", `Missing ACLs: ${acls.toSorted().join(", ")}`);
  }
  return rights;
}
