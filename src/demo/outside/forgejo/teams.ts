import { ApiError, checkScope, mustBeSigned, notFound, type TokenRights } from "./access.ts";
import { pageOf } from "./requests.ts";
import { teamJson, userJson } from "./shape.ts";
import { jsonReply, type ForgeRequest, type Reply } from "../forge.ts";

/** A team of an organisation. */
export interface Team {
  readonly organisation: string;
  readonly name: string;
  readonly members: readonly string[];
}

/** Whoever is in this team sees all others of its organisation. */
const OWNERS = "Owners";

const PATH = /^\/api\/v1\/(?:orgs\/(?<organisation>[^/]+)\/teams|teams\/(?<id>\d+)\/members)$/;

/**
 * Answers what is asked of teams as Forgejo does (routers/api/v1: `reqOrgMembership`, `reqTeamMembership`); null: it is no such
 * call. Throws `ApiError`. A team's number is its place in the list.
 */
export function answerOfTeams(
  { base, teams, mostItems }: { readonly base: string; readonly teams: readonly Team[]; readonly mostItems: number },
  request: ForgeRequest,
  rights: TokenRights | null,
): Reply | null {
  const found = PATH.exec(request.path)?.groups;
  if (found === undefined || request.method !== "GET") return null;
  checkScope(rights, "organization", request.method);
  const { user } = mustBeSigned(rights);
  const { organisation, id } = found;
  const team = teams[Number(id) - 1];
  const own = teams.filter((each) => each.organisation === (organisation ?? team?.organisation));
  if (own.length === 0) throw notFound();
  const paged = (items: readonly object[]): Reply => {
    const page = pageOf(items, { base, ...request }, { most: mostItems, hasLink: true });
    return jsonReply(200, page.items, { headers: page.headers });
  };
  const isMember = own.some(({ members }) => members.includes(user));
  if (team === undefined) {
    if (!isMember) throw new ApiError(403, "Must be an organization member");
    return paged(own.map((each) => teamJson(base, teams.indexOf(each) + 1, each)));
  }
  const isOwner = own.some(({ name, members }) => name === OWNERS && members.includes(user));
  if (!isOwner && !team.members.includes(user))
    throw isMember ? new ApiError(403, "Must be a team member") : notFound();
  return paged(team.members.map((login, index) => ({ ...userJson(base, login), id: index + 1 })));
}
