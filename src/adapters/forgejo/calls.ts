import { apiOf, pathBelow, readAnswer, type ForgeAccess } from "../forge/access.ts";
import { NEVER_SENT, type Forge, type Issue, type IssuePlace, type Reader } from "../forge/forge.ts";
import { readAll } from "../forge/json.ts";
import type { HttpCall } from "../http/http.ts";
import { readComment, readIssue, readIssueOf, readLabel, readLogin, readTeam, readUser } from "./answers.ts";
import { Asking } from "./asking.ts";
import { readPages } from "./pages.ts";
import { refusalOf } from "./refusals.ts";
import { ConfigError, RefusedError, type UpstreamError } from "../../errors.ts";
import type { Log } from "../../ports/index.ts";

/** What is said to a body without its fields: the token, the repo and its issues were looked at before. */
const BODY_REFUSED = "HTTP_422";
/** Of a label that the project does not know. */
const COLOUR = "#7f7f7f";

/**
 * Forgejo's API 1 as the reports need it. The repo is `owner/repo`; the token has the scopes `read:user` and `write:issue`, and its
 * user need not be able to write to the repo: without that, labels are left out. Source: Forgejo's own description of its API, and
 * routers/api/v1.
 */
export class ForgejoCalls implements Forge {
  readonly service = "forgejo";
  readonly name = "Forgejo";
  readonly editsComments = true;
  readonly repo: string;
  readonly codes = {
    gone: ["GONE", "HTTP_410"],
    hidden: [],
    token: ["TOKEN", "SCOPE"],
    notThisIssue: ["HTTP_403"],
    notThisRepo: ["HTTP_403", "TOKEN", "SCOPE", "NO_REPO", "ISSUES_OFF", "ARCHIVED", "MOVED", "HTTP_410"],
  };
  readonly #access: ForgeAccess & { readonly log?: Log };
  readonly #asking: Asking;
  readonly #api: string;

  /** Throws `ConfigError` for an address, a repo or a token of the wrong form. */
  constructor(access: ForgeAccess & { readonly log?: Log }) {
    this.#access = access;
    this.repo = access.repo;
    this.#api = apiOf(access.url, this.name, "api/v1");
    if (!/^[^/\s]+\/[^/\s]+$/.test(access.repo) || access.repo.split("/").some((part) => /^\.*$/.test(part)))
      throw new ConfigError(`the Forgejo repo is ${JSON.stringify(access.repo)}: it must be owner/repo`);
    this.#asking = new Asking(access, this.#api);
  }

  async whoAmI(): Promise<string> {
    const call = { method: "GET", url: this.#urlOf("user"), ...this.#as("user"), isClockAsked: true } as const;
    return readAnswer(this.service, call, (await this.#asking.ask(call)).body, readLogin);
  }

  async issuesBy(author: string, sinceDay: string | null, reader: Reader = "public"): Promise<readonly Issue[]> {
    const query = { state: "all", type: "issues", created_by: author, ...since(sinceDay) };
    return this.#list("issues", query, reader, readIssue);
  }

  /** A comment that is edited changes no issue, but the list of all comments shows it. */
  async changedBy(author: string, sinceDay: string | null, reader: Reader = "public"): Promise<readonly Issue[]> {
    const changed = await this.issuesBy(author, sinceDay, reader);
    if (sinceDay === null) return changed;
    const read = (body: unknown): { readonly id: number; readonly issue: number | null } | null => {
      const comment = readComment(body);
      return comment === null ? null : { id: comment.id, issue: readIssueOf(body) };
    };
    const comments = await this.#list("issues/comments", since(sinceDay), reader, read);
    const known = new Set<number | null>([null, ...changed.map(({ id }) => id)]);
    const others = new Set(comments.map(({ issue }) => issue).filter((number) => !known.has(number)));
    const found: Issue[] = [...changed];
    for (const number of others) {
      const issue = number === null ? null : await this.#head(number, reader, this.repo);
      if (issue?.author === author) found.push(issue);
    }
    return found;
  }

  async issue(id: number, reader: Reader = "public", repo = this.repo): Promise<Issue> {
    const issue = await this.#head(id, reader, repo);
    return { ...issue, comments: await this.#list(`issues/${id}/comments`, {}, reader, readComment, repo) };
  }

  async newIssue(title: string, content: string, tags: readonly string[]): Promise<number> {
    const labels = await this.#labelsOf(tags);
    return (await this.#write("POST", "issues", { title, body: content, labels }, readIssue)).id;
  }

  async comment(id: number, text: string, repo = this.repo): Promise<void> {
    await this.#write("POST", `issues/${id}/comments`, { body: text }, readComment, repo);
  }

  async editIssue(id: number, title: string, content: string): Promise<void> {
    await this.#write("PATCH", `issues/${id}`, { title, body: content }, readIssue);
  }

  async editComment(id: number, text: string, repo = this.repo): Promise<void> {
    await this.#write("PATCH", `issues/comments/${id}`, { body: text }, readComment, repo);
  }

  placeAt(address: string): IssuePlace | null {
    const path = pathBelow(address, this.#access.url) ?? "";
    const { repo, number } = /^\/(?<repo>[^/]+\/[^/]+)\/issues\/(?<number>\d{1,9})$/.exec(path)?.groups ?? {};
    return repo === undefined ? null : { repo, number: Number(number) };
  }

  mayHaveArrived({ code }: UpstreamError): boolean {
    return !NEVER_SENT.includes(code) && code !== "GONE" && code !== "HTTP_429";
  }

  async readIssues(): Promise<void> {
    const url = this.#urlOf(`repos/${this.repo}/issues`);
    url.search = new URLSearchParams({ state: "all", type: "issues", limit: "1" }).toString();
    const call: HttpCall = { method: "GET", url };
    readAnswer(this.service, call, (await this.#asking.ask(call)).body, (body) => readAll(body, readIssue));
  }

  async mayPost(): Promise<void> {
    for (const path of ["issues", "issues/1/comments"])
      try {
        await this.#write("POST", path, {}, () => null);
      } catch (error) {
        const isRefused = error instanceof RefusedError && error.code === BODY_REFUSED;
        if (!isRefused) throw error;
      }
  }

  async operatorsOf(team: string): Promise<readonly string[]> {
    const [organisation = "", name = ""] = team.split("/");
    const teams = await this.#all(`orgs/${organisation}/teams`, {}, "user", readTeam, team);
    const found = teams.find((each) => each.name.toLowerCase() === name.toLowerCase());
    if (found === undefined) {
      const call: HttpCall = { method: "GET", url: this.#urlOf(`orgs/${organisation}/teams`) };
      throw refusalOf(call, { status: 200, body: null }, "NO_TEAM", { ...this.#access, repo: team });
    }
    const members = await this.#all(`teams/${found.id}/members`, {}, "user", readUser, team);
    const own = (await this.whoAmI()).toLowerCase();
    return members.map(({ login }) => login).filter((login) => login.toLowerCase() !== own);
  }

  /** The numbers of the labels of these names; one that is missing is made, and left out where it may not be. */
  async #labelsOf(tags: readonly string[]): Promise<readonly number[]> {
    if (tags.length === 0) return [];
    const known = await this.#list("labels", {}, "user", readLabel);
    const ids: number[] = [];
    for (const tag of tags) {
      const label = known.find(({ name }) => name.toLowerCase() === tag.toLowerCase());
      try {
        ids.push((label ?? (await this.#write("POST", "labels", { name: tag, color: COLOUR }, readLabel))).id);
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        this.#access.log?.warn({ label: tag, error: error.message }, "the day's issue gets no such label");
      }
    }
    return ids;
  }

  async #head(id: number, reader: Reader, repo: string): Promise<Issue> {
    const call: HttpCall = { method: "GET", url: this.#urlOf(`repos/${repo}/issues/${id}`), ...this.#as(reader) };
    return readAnswer(this.service, call, (await this.#asking.ask(call, repo)).body, readIssue);
  }

  async #list<T extends { readonly id: number }>(
    path: string,
    query: Readonly<Record<string, string>>,
    reader: Reader,
    read: (item: unknown) => T | null,
    repo = this.repo,
  ): Promise<readonly T[]> {
    return this.#all(`repos/${repo}/${path}`, query, reader, read, repo);
  }

  /** `what`: the repo, or the team, that it is about. */
  async #all<T extends { readonly id: number }>(
    path: string,
    query: Readonly<Record<string, string>>,
    reader: Reader,
    read: (item: unknown) => T | null,
    what: string,
  ): Promise<readonly T[]> {
    const url = this.#urlOf(path);
    url.search = new URLSearchParams(query).toString();
    const call: HttpCall = { method: "GET", url, ...this.#as(reader) };
    return readPages(
      call,
      (each) => this.#asking.ask(each, what),
      (body) => readAll(body, read),
    );
  }

  async #write<T>(
    method: "POST" | "PATCH",
    path: string,
    json: object,
    read: (body: unknown) => T | null,
    repo = this.repo,
  ): Promise<T> {
    const call: HttpCall = { method, url: this.#urlOf(`repos/${repo}/${path}`), json, ...this.#as("user") };
    return readAnswer(this.service, call, (await this.#asking.ask(call, repo)).body, read);
  }

  #as(reader: Reader): Pick<HttpCall, "headers"> {
    return reader === "public" ? {} : { headers: { authorization: `token ${this.#access.token}` } };
  }

  #urlOf(path: string): URL {
    return new URL(this.#api + path.split("/").map(encodeURIComponent).join("/"));
  }
}

/** Forgejo's filter knows instants. */
function since(day: string | null): Readonly<Record<string, string>> {
  return day === null ? {} : { since: `${day}T00:00:00Z` };
}
