import type { Instant } from "../../../domain/time.ts";

/** What a token may do (models/auth/access_token_scope.go); to write is to read as well. */
export type Scope = `${"read" | "write"}:${Category}` | "all";

type Category = "user" | "issue" | "repository" | "organization";

/** An API token's rights. */
export interface TokenRights {
  readonly user: string;
  readonly scopes: readonly Scope[];
  /** Null: never. */
  readonly expiresAt: Instant | null;
}

/** An answer of Forgejo's that is an error, or a redirect. Thrown by the handlers, turned into JSON by the server. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** More than a message and the address of the API's description; null: no body at all. */
  readonly more: object | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    { more = {}, headers = {} }: { more?: object | null; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.more = more;
    this.headers = headers;
  }
}

/** Forgejo's own words where something is not there (services/context/api.go). */
export function notFound(...errors: string[]): ApiError {
  return new ApiError(404, "The target couldn't be found.", { more: { errors } });
}

/**
 * Whose token stands in the header, whatever is asked for; null without one. Throws `ApiError` 401 for one that is unknown or
 * expired (services/auth/oauth2.go).
 */
export function authenticate(
  tokens: ReadonlyMap<string, TokenRights>,
  header: string,
  now: Instant,
): TokenRights | null {
  const [word = "", token, ...more] = header.split(/\s+/);
  if (token === undefined || more.length > 0 || (word !== "token" && word.toLowerCase() !== "bearer")) return null;
  const rights = tokens.get(token);
  if (rights === undefined || (rights.expiresAt !== null && rights.expiresAt <= now))
    throw new ApiError(401, "user does not exist [uid: 0, name: ]");
  return rights;
}

/** Throws `ApiError` 403 where a token, if there is one, was not made for that (routers/api/v1/api.go). */
export function checkScope(rights: TokenRights | null, category: Category, method: string): void {
  if (rights === null) return;
  const level = method === "GET" ? "read" : "write";
  const enough: readonly Scope[] = [
    "all",
    `write:${category}`,
    ...(level === "read" ? ([`read:${category}`] as const) : []),
  ];
  if (rights.scopes.some((scope) => enough.includes(scope))) return;
  throw new ApiError(403, `token does not have at least one of required scope(s): [${level}:${category}]`);
}

/** Throws `ApiError` 401 without a token. */
export function mustBeSigned(rights: TokenRights | null): TokenRights {
  if (rights === null) throw new ApiError(401, "token is required");
  return rights;
}
