/**
 * The fields that Forgejo gives, with their types as its own description of its API has them: `?` may be null, `[]` is a list,
 * `user` and the like are others of these. Written down from `templates/swagger/v1_json.tmpl`; the description itself is not here.
 */
export const FORGEJO_ANSWERS = {
  user: {
    id: "integer",
    login: "string",
    login_name: "string",
    source_id: "integer",
    full_name: "string",
    email: "string",
    avatar_url: "string",
    html_url: "string",
    language: "string",
    is_admin: "boolean",
    last_login: "instant",
    created: "instant",
    restricted: "boolean",
    active: "boolean",
    prohibit_login: "boolean",
    location: "string",
    pronouns: "string",
    website: "string",
    description: "string",
    visibility: "string",
    followers_count: "integer",
    following_count: "integer",
    starred_repos_count: "integer",
  },
  label: {
    id: "integer",
    name: "string",
    exclusive: "boolean",
    is_archived: "boolean",
    color: "string",
    description: "string",
    url: "string",
  },
  place: { id: "integer", name: "string", owner: "string", full_name: "string" },
  issue: {
    id: "integer",
    url: "string",
    html_url: "string",
    number: "integer",
    user: "user",
    original_author: "string",
    original_author_id: "integer",
    title: "string",
    body: "string",
    ref: "string",
    assets: "nothing[]",
    labels: "label[]",
    milestone: "nothing?",
    assignee: "user?",
    assignees: "user[]?",
    state: "string",
    is_locked: "boolean",
    comments: "integer",
    created_at: "instant",
    updated_at: "instant",
    closed_at: "instant?",
    due_date: "instant?",
    pull_request: "nothing?",
    repository: "place",
    pin_order: "integer",
  },
  comment: {
    id: "integer",
    html_url: "string",
    pull_request_url: "string",
    issue_url: "string",
    user: "user",
    original_author: "string",
    original_author_id: "integer",
    body: "string",
    assets: "nothing[]",
    created_at: "instant",
    updated_at: "instant",
  },
  organisation: {
    id: "integer",
    name: "string",
    full_name: "string",
    email: "string",
    avatar_url: "string",
    description: "string",
    website: "string",
    location: "string",
    visibility: "string",
    repo_admin_change_team_access: "boolean",
    username: "string",
  },
  units: { "repo.issues": "string" },
  team: {
    id: "integer",
    name: "string",
    description: "string",
    organization: "organisation",
    includes_all_repositories: "boolean",
    permission: "string",
    units: "string[]",
    units_map: "units",
    can_create_org_repo: "boolean",
  },
  repo: {
    id: "integer",
    owner: "user",
    name: "string",
    full_name: "string",
    private: "boolean",
    html_url: "string",
    archived: "boolean",
    has_issues: "boolean",
  },
  error: { message: "string", url: "string" },
  missing: { message: "string", url: "string", errors: "string[]" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

export type ForgejoAnswer = keyof typeof FORGEJO_ANSWERS;

/** What of a value is not as that answer is described; empty: nothing. */
export function wrongsOf(value: unknown, type: string, where = "answer"): readonly string[] {
  if (type.endsWith("?")) return value === null ? [] : wrongsOf(value, type.slice(0, -1), where);
  if (type.endsWith("[]")) {
    if (!Array.isArray(value)) return [`${where} is no list`];
    return value.flatMap((item: unknown, index) => wrongsOf(item, type.slice(0, -2), `${where}[${index}]`));
  }
  if (Object.hasOwn(FORGEJO_ANSWERS, type)) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${where} is no object`];
    const fields: Readonly<Record<string, string>> = FORGEJO_ANSWERS[type as ForgejoAnswer];
    const unknown = Object.keys(value).filter((name) => !Object.hasOwn(fields, name));
    const given = value as Readonly<Record<string, unknown>>;
    return [
      ...unknown.map((name) => `${where}.${name} is not described`),
      ...Object.entries(fields).flatMap(([name, wanted]) => wrongsOf(given[name], wanted, `${where}.${name}`)),
    ];
  }
  const isSo = {
    integer: Number.isInteger(value),
    string: typeof value === "string",
    boolean: typeof value === "boolean",
    instant: typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value),
  }[type];
  return isSo === true ? [] : [`${where} is ${JSON.stringify(value)}, not ${type}`];
}
