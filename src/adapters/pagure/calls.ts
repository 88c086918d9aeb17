import { apiOf, MAX_PAGES, openForgeHttp, pathBelow, readAnswer, tooManyPages, wordsOf } from "../forge/access.ts";
import type { ForgeAccess } from "../forge/access.ts";
import { NEVER_SENT, type Forge, type Issue, type IssuePlace, type Reader } from "../forge/forge.ts";
import { describeCall, type Http, type HttpAnswer, type HttpCall } from "../http/http.ts";
import { readIssue, readIssuePage, readNewIssueId, readRefusal, readUsername } from "./answers.ts";
import { ConfigError, RefusedError, UpstreamError } from "../../errors.ts";
import { TOO_LONG } from "../../ports/index.ts";

/** Refusals that are Pagure's own and leave nothing behind. */
const ROLLED_BACK = ["EDBERROR", "ENOISSUE"];
/** What is said to an empty form; there may be no issue of that number, or none that takes comments. */
const FORM_REFUSED = ["EINVALIDREQ", "ENOISSUE", "EISSUENOTALLOWED"];
const NOT_THIS_ISSUE = ["EISSUENOTALLOWED", "ENOCODE", "HTTP_403", "HTTP_423"];

/**
 * Pagure's API 0 as the reports need it. The repo is `repo`, `namespace/repo`, `fork/user/repo` or `fork/user/namespace/repo`; the
 * token one of that repo with `issue_create` and `issue_comment`. Source: pagure/api/issue.py.
 */
export class PagureCalls implements Forge {
  readonly service = "pagure";
  readonly name = "Pagure";
  readonly editsComments = false;
  readonly repo: string;
  readonly codes = {
    gone: ["ENOISSUE"],
    hidden: ["EISSUENOTALLOWED"],
    token: ["EINVALIDTOK"],
    notThisIssue: NOT_THIS_ISSUE,
    // The token is bound to the repo of today.
    notThisRepo: [...NOT_THIS_ISSUE, "EINVALIDTOK", "ENOPROJECT"],
  };
  readonly #access: ForgeAccess;
  readonly #http: Http;
  readonly #api: string;

  /** Throws `ConfigError` for an address, a repo or a token of the wrong form. */
  constructor(access: ForgeAccess) {
    this.#access = access;
    this.repo = access.repo;
    this.#api = apiOf(access.url, this.name, "api/0");
    checkRepo(access.repo);
    this.#http = openForgeHttp({ service: this.service, name: this.name, variable: "PAGURE_ACCESS_TOKEN" }, access);
  }

  /** The name of the token's user; whoever asks is about to write what is dated. */
  async whoAmI(): Promise<string> {
    const call = {
      method: "POST",
      url: this.#urlOf("-/whoami"),
      form: {},
      ...this.#as("user"),
      isClockAsked: true,
    } as const;
    return readAnswer(this.service, call, await this.#ask(call), readUsername);
  }

  /** The issues by this author, open or closed, updated since the start of this UTC day (`2026-11-24`), or ever. */
  async issuesBy(author: string, sinceDay: string | null, reader: Reader = "public"): Promise<readonly Issue[]> {
    const url = this.#urlOf(`${this.#access.repo}/issues`);
    const since: Readonly<Record<string, string>> = sinceDay === null ? {} : { since: sinceDay };
    url.search = new URLSearchParams({ status: "all", author, ...since }).toString();
    const found: Issue[] = [];
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const call: HttpCall = { method: "GET", url, ...this.#as(reader) };
      const { issues, nextQuery } = readAnswer(this.service, call, await this.#ask(call), readIssuePage);
      found.push(...issues);
      if (nextQuery === null) return found;
      // Only the query of `next` is followed: behind a proxy its host and scheme can be others than those we may speak to.
      url.search = nextQuery;
    }
    throw tooManyPages(this.service, { method: "GET", url });
  }

  /** A comment, its edit and its removal change the issue as well. */
  changedBy(author: string, sinceDay: string | null, reader: Reader = "public"): Promise<readonly Issue[]> {
    return this.issuesBy(author, sinceDay, reader);
  }

  /** Reads one issue at the most, as the public does: whether project and tracker are there. */
  async readIssues(): Promise<void> {
    const url = this.#urlOf(`${this.#access.repo}/issues`);
    url.search = new URLSearchParams({ status: "all", per_page: "1" }).toString();
    const call: HttpCall = { method: "GET", url };
    readAnswer(this.service, call, await this.#ask(call), readIssuePage);
  }

  /**
   * Sends the forms of an issue and of a comment without their fields, which Pagure refuses for that alone: it looks at token,
   * permissions and tracker first (pagure/api/issue.py), and writes nothing. Throws what keeps the token from posting.
   */
  async mayPost(): Promise<void> {
    for (const path of ["new_issue", "issue/1/comment"])
      try {
        await this.#write(`${this.#access.repo}/${path}`, {}, () => null);
      } catch (error) {
        const isRefused = error instanceof RefusedError || error instanceof UpstreamError;
        if (!isRefused || !FORM_REFUSED.includes(error.code)) throw error;
      }
  }

  /** One issue with its comments. */
  async issue(id: number, reader: Reader = "public", repo = this.#access.repo): Promise<Issue> {
    const call: HttpCall = { method: "GET", url: this.#urlOf(`${repo}/issue/${id}`), ...this.#as(reader) };
    return readAnswer(this.service, call, await this.#ask(call), readIssue);
  }

  /** Opens an issue and resolves to its number. A repeat opens another one: look before. */
  async newIssue(title: string, content: string, tags: readonly string[]): Promise<number> {
    const tag: Readonly<Record<string, string>> = tags.length > 0 ? { tag: tags.join(",") } : {};
    return this.#write(`${this.#access.repo}/new_issue`, { title, issue_content: content, ...tag }, readNewIssueId);
  }

  /** Adds a comment. A repeat adds another one: look before. */
  async comment(id: number, text: string, repo = this.#access.repo): Promise<void> {
    await this.#write(`${repo}/issue/${id}/comment`, { comment: text }, (body) => body);
  }

  /** Gives an issue another title and text; takes a token with `issue_update` that is bound to this repo. */
  async editIssue(id: number, title: string, content: string): Promise<void> {
    await this.#write(`${this.#access.repo}/issue/${id}`, { title, issue_content: content }, (body) => body);
  }

  editComment(): Promise<void> {
    return Promise.reject(new Error("Pagure's API edits no comment."));
  }

  placeAt(address: string): IssuePlace | null {
    const path = pathBelow(address, this.#access.url) ?? "";
    const { repo, number } = /^\/(?<repo>[^/].*)\/issue\/(?<number>\d{1,9})$/.exec(path)?.groups ?? {};
    return repo === undefined ? null : { repo, number: Number(number) };
  }

  mayHaveArrived({ code }: UpstreamError): boolean {
    return !NEVER_SENT.includes(code) && !ROLLED_BACK.includes(code);
  }

  #as(reader: Reader): Pick<HttpCall, "headers"> {
    return reader === "public" ? {} : { headers: { authorization: `token ${this.#access.token}` } };
  }

  #urlOf(path: string): URL {
    return new URL(this.#api + path.split("/").map(encodeURIComponent).join("/"));
  }

  async #write<T>(path: string, form: Readonly<Record<string, string>>, read: (body: unknown) => T | null): Promise<T> {
    const call: HttpCall = { method: "POST", url: this.#urlOf(path), form, ...this.#as("user") };
    return readAnswer(this.service, call, await this.#ask(call), read);
  }

  async #ask(call: HttpCall): Promise<unknown> {
    const answer = await this.#http(call);
    if (answer.status >= 300) throw this.#refusal(call, answer);
    return answer.body;
  }

  #refusal(call: HttpCall, { status, body }: HttpAnswer): UpstreamError | RefusedError {
    const { code: given, detail } = readRefusal(body);
    const code = given ?? `HTTP_${status}`;
    const words = wordsOf(detail, this.#access);
    const what = ["pagure:", String(status), given ?? "", words].filter((word) => word !== "").join(" ");
    const message = `${what} for ${describeCall(call)}: `;
    // Database trouble passes; an issue removed since it was found is made anew; a bare 400 is a proxy's, not Pagure's.
    if (code === "EDBERROR" || code === "ENOISSUE" || code === "HTTP_400") {
      return new UpstreamError("pagure", code, `${message}it is tried again later`);
    }
    const ours = status === 413 ? TOO_LONG : code;
    return new RefusedError("pagure", ours, message + remedyOf(status, code, this.#access.repo));
  }
}

/** What a person must do, by Pagure's code (pagure/api/__init__.py) and otherwise by the status. */
function remedyOf(status: number, code: string, repo: string): string {
  if (code === "EINVALIDTOK") {
    return `create a new API token of ${repo} with issue_create and issue_comment and set PAGURE_ACCESS_TOKEN`;
  }
  if (code === "ETRACKERREADONLY") return `make the issue tracker of ${repo} writable in its settings`;
  if (code === "ETRACKERDISABLED") return `switch the issue tracker of ${repo} on in its settings`;
  if (code === "ENOPROJECT") return `check the repo ${repo} in the configuration; the public must be able to see it`;
  if (code === "EUBLOCKED") return `unblock the token's user in the settings of ${repo}`;
  if (code === "EISSUENOTALLOWED") return `make the issue public again, or remove it so that a new one is opened`;
  if (status === 413) return "the post is too long for Pagure: lower the size of the report's posts";
  if (status < 400) return "it redirects elsewhere: set Pagure's address in the configuration to the final one";
  if (status === 410) return "it is closed for good: set another place for the reports in the configuration";
  if (status === 404)
    return "check Pagure's address and the repo in the configuration, and report.kind: it may be a Forgejo";
  if (status === 401 || status === 403) return "check the token, and what stands in front of Pagure";
  return "Pagure does not take what clean-amis sends: compare both versions, and report a bug";
}

function checkRepo(repo: string): void {
  if (!/^(?:fork\/[^/\s]+\/)?[^/\s]+(?:\/[^/\s]+)?$/.test(repo) || repo.split("/").some((part) => /^\.*$/.test(part))) {
    const forms = "repo, namespace/repo, fork/user/repo or fork/user/namespace/repo";
    throw new ConfigError(`the Pagure repo is ${JSON.stringify(repo)}: it must be ${forms}`);
  }
}
