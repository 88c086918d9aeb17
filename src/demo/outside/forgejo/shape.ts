import type { ForgeComment, ForgeIssue } from "../tracker.ts";
import type { Instant } from "../../../domain/time.ts";

/** Where something stands. */
export interface Site {
  /** The instance's address, without a slash at its end. */
  readonly base: string;
  /** `owner/repo` */
  readonly path: string;
}

const COLOUR = "7f7f7f";

/** An issue as Forgejo writes it, with all fields that its description names. */
export function issueJson(site: Site, issue: ForgeIssue, labelId: (name: string) => number): object {
  const { base, path } = site;
  const [owner = "", name = ""] = path.split("/");
  return {
    id: 1000 + issue.id,
    url: `${base}/api/v1/repos/${path}/issues/${issue.id}`,
    html_url: `${base}/${path}/issues/${issue.id}`,
    number: issue.id,
    user: userJson(base, issue.author),
    original_author: "",
    original_author_id: 0,
    title: issue.title,
    body: issue.content,
    ref: "",
    assets: [],
    labels: issue.tags.map((tag) => labelJson(site, labelId(tag), tag)),
    milestone: null,
    assignee: null,
    assignees: null,
    state: issue.status === "Open" ? "open" : "closed",
    is_locked: issue.isLocked,
    comments: issue.comments.length,
    created_at: stamp(issue.createdAt),
    updated_at: stamp(issue.updatedAt),
    closed_at: issue.closedAt === null ? null : stamp(issue.closedAt),
    due_date: null,
    pull_request: null,
    repository: { id: 1, name, owner, full_name: path },
    pin_order: 0,
  };
}

export function commentJson({ base, path }: Site, issueId: number, comment: ForgeComment): object {
  const address = `${base}/${path}/issues/${issueId}`;
  return {
    id: comment.id,
    html_url: `${address}#issuecomment-${comment.id}`,
    pull_request_url: "",
    issue_url: address,
    user: userJson(base, comment.author),
    original_author: "",
    original_author_id: 0,
    body: comment.text,
    assets: [],
    created_at: stamp(comment.createdAt),
    updated_at: stamp(comment.editedAt ?? comment.createdAt),
  };
}

export function labelJson({ base, path }: Site, id: number, name: string): object {
  const url = `${base}/api/v1/repos/${path}/labels/${id}`;
  return { id, name, exclusive: false, is_archived: false, color: COLOUR, description: "", url };
}

export function userJson(base: string, login: string): object {
  return {
    id: 1,
    login,
    login_name: "",
    source_id: 0,
    full_name: "",
    email: `${login}@noreply.example`,
    avatar_url: `${base}/avatars/${login}`,
    html_url: `${base}/${login}`,
    language: "",
    is_admin: false,
    last_login: "0001-01-01T00:00:00Z",
    created: "2025-01-01T00:00:00Z",
    restricted: false,
    active: false,
    prohibit_login: false,
    location: "",
    pronouns: "",
    website: "",
    description: "",
    visibility: "public",
    followers_count: 0,
    following_count: 0,
    starred_repos_count: 0,
  };
}

export function teamJson(base: string, id: number, { organisation, name }: { organisation: string; name: string }) {
  return {
    id,
    name,
    description: "",
    organization: {
      id: 1,
      name: organisation,
      full_name: "",
      email: "",
      avatar_url: `${base}/avatars/${organisation}`,
      description: "",
      website: "",
      location: "",
      visibility: "public",
      repo_admin_change_team_access: false,
      username: organisation,
    },
    includes_all_repositories: false,
    permission: "write",
    units: ["repo.issues"],
    units_map: { "repo.issues": "write" },
    can_create_org_repo: false,
  };
}

/** A repo, as far as it is asked for. */
export function repoJson({ base, path }: Site, { hasIssues, isArchived }: { hasIssues: boolean; isArchived: boolean }) {
  const [owner = "", name = ""] = path.split("/");
  return {
    id: 1,
    owner: userJson(base, owner),
    name,
    full_name: path,
    private: false,
    html_url: `${base}/${path}`,
    archived: isArchived,
    has_issues: hasIssues,
  };
}

/** Whole seconds, as its database keeps them. */
function stamp(at: Instant): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z");
}
