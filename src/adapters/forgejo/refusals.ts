import { wordsOf, type ForgeAccess } from "../forge/access.ts";
import { describeCall, type HttpAnswer, type HttpCall } from "../http/http.ts";
import { readRefusal } from "./answers.ts";
import { RefusedError, UpstreamError } from "../../errors.ts";
import { TOO_LONG } from "../../ports/index.ts";

/** What is missing, or has another name. */
export type Missing = "GONE" | "NO_REPO" | "ISSUES_OFF" | "NO_TEAM";

/** What a person must do, by our own code for what Forgejo says, which has none. */
const REMEDIES: Readonly<Record<string, (repo: string) => string>> = {
  TOKEN: () => "create a new token with read:user and write:issue, and set FORGEJO_ACCESS_TOKEN",
  SCOPE: () => "give the token the scopes read:user and write:issue, and set FORGEJO_ACCESS_TOKEN",
  NO_REPO: (repo) => `check the repo ${repo} in the configuration; the public must be able to see it`,
  TEAM_SCOPE: () => "give the token the scope read:organization as well, and set FORGEJO_ACCESS_TOKEN",
  NO_TEAM: (team) =>
    `check the team ${team} in report.operators_team; the token's user must be a member of it, or an owner of the organisation`,
  ISSUES_OFF: (repo) => `switch the issues of ${repo} on in its settings, for everybody to read`,
  ARCHIVED: (repo) => `${repo} is archived: unarchive it, or set another place for the reports in the configuration`,
  MOVED: (repo) => `${repo} is elsewhere: set its new name, or Forgejo's new address, in the configuration`,
  HTTP_410: () => "it is closed for good: set another place for the reports in the configuration",
  HTTP_403: (repo) =>
    `let the token's user write issues and comments in ${repo}, and see what stands in front of Forgejo`,
  HTTP_404: () => "check Forgejo's address in the configuration, and report.kind: it may be another forge",
  [TOO_LONG]: () => "the post is too long for Forgejo: lower the size of the report's posts",
};

/** The error for an answer of 300 or more, or where something is missing in one; `missing`: what a 404 is about. */
export function refusalOf(
  call: HttpCall,
  { status, body }: Pick<HttpAnswer, "status" | "body">,
  missing: Missing | null,
  access: ForgeAccess,
): UpstreamError | RefusedError {
  const words = wordsOf(readRefusal(body), access);
  const code = missing ?? (isAboutTeam(call) ? teamCodeOf(status, words) : codeOf(status, words));
  const what = ["forgejo:", String(status), words].filter((word) => word !== "").join(" ");
  const message = `${what} for ${describeCall(call)}: `;
  // An issue removed since it was found is made anew; a bare 400 is a proxy's, not Forgejo's.
  if (code === "GONE" || code === "HTTP_400")
    return new UpstreamError("forgejo", code, `${message}it is tried again later`);
  const remedy = REMEDIES[code]?.(access.repo);
  const bug = "Forgejo does not take what clean-amis sends: compare both versions, and report a bug";
  return new RefusedError("forgejo", code, message + (remedy ?? bug));
}

/** Sources: services/context/api.go, routers/api/v1/api.go. */
function codeOf(status: number, words: string): string {
  if (status === 401) return "TOKEN";
  if (status === 403 && /scope/i.test(words)) return "SCOPE";
  if (status === 413) return TOO_LONG;
  if (status === 423) return "ARCHIVED";
  return status < 400 ? "MOVED" : `HTTP_${status}`;
}

function isAboutTeam({ url }: HttpCall): boolean {
  return /\/api\/v1\/(?:orgs|teams)\//.test(url.pathname);
}

/** Who may not see a team is told so by 403 as a member of its organisation, and by 404 as anybody else. */
function teamCodeOf(status: number, words: string): string {
  const code = codeOf(status, words);
  if (code === "SCOPE") return "TEAM_SCOPE";
  return code === "HTTP_403" ? "NO_TEAM" : code;
}
