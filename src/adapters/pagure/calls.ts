import { describeCall, openHttp, redact } from "../http/http.ts";
import type { Http, HttpAnswer, HttpCall } from "../http/http.ts";
import { readIssue, readIssuePage, readNewIssueId, readRefusal, readUsername } from "./answers.ts";
import type { Issue } from "./answers.ts";
import { ConfigError, RefusedError, UpstreamError } from "../../errors.ts";
import { TOO_LONG } from "../../ports/index.ts";

/** Where the reports go, and as whom. */
export interface PagureAccess {
  /** The instance, such as `https://pagure.io`. */
  readonly url: string;
  /** `repo`, `namespace/repo`, `fork/user/repo` or `fork/user/namespace/repo`. */
  readonly repo: string;
  /** An API token of the repo with `issue_create` and `issue_comment`. */
  readonly token: string;
  readonly userAgent: string;
  /** For each call, in milliseconds. */
  readonly timeoutMs: number;
  /**
   * The size of our own posts at the most, in bytes. Of a longer text in an answer the rest is not read, so that no flood of long
   * comments makes all others unread. @default 60000
   */
  readonly mostBytes?: number;
}

/** As whom something is read: without the token, or as its user, who sees their own issues when they are hidden as well. */
type Reader = "public" | "user";

/** A list longer than this is no list that moves on. */
const MAX_PAGES = 100;
/** Issues come with all their comments: a day of 5,000 images is some megabytes. */
const MAX_BYTES = 32 * 1024 * 1024;
/** Of our own posts, where nothing is said. */
const USUAL_POST_BYTES = 60_000;
/** A byte of a text is six in JSON at the most: `\u0041`. */
const BYTES_IN_JSON = 6;
/** Failures of a call that certainly did not reach Pagure: the system's codes for a connection that was never made. */
const NEVER_SENT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"];
/** Refusals that are Pagure's own and leave nothing behind. */
const ROLLED_BACK = ["EDBERROR", "ENOISSUE"];
/** What is said to an empty form; there may be no issue of that number, or none that takes comments. */
const FORM_REFUSED = ["EINVALIDREQ", "ENOISSUE", "EISSUENOTALLOWED"];
/** Characters of Pagure's own words in an error. */
const MAX_DETAIL = 200;

/**
 * The calls of Pagure's API 0 that a report needs. Writing uses the token; **reading goes without it** unless it is asked for, so
 * that what is found and confirmed is what the public sees. Each throws `UpstreamError` for what may pass, and `RefusedError`, with the
 * remedy in its sentence, for what a person must mend.
 */
export class PagureCalls {
  readonly #access: PagureAccess;
  readonly #http: Http;
  readonly #api: string;

  /** Throws `ConfigError` for an address, a repo or a token of the wrong form. */
  constructor(access: PagureAccess) {
    this.#access = access;
    this.#api = apiOf(access.url);
    checkRepo(access.repo);
    // A token with a line end would make the platform quote it in an error of its own.
    if (!/^[\x21-\x7e]+$/.test(access.token)) {
      throw new ConfigError(
        "PAGURE_ACCESS_TOKEN is empty, or holds blanks or control characters: set a Pagure API token",
      );
    }
    this.#http = openHttp({
      service: "pagure",
      userAgent: access.userAgent,
      timeoutMs: access.timeoutMs,
      maxBytes: MAX_BYTES,
      longestText: Math.max(access.mostBytes ?? 0, USUAL_POST_BYTES) * BYTES_IN_JSON,
      secrets: [access.token],
    });
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
    return this.#read(call, await this.#ask(call), readUsername);
  }

  /** The issues by this author, open or closed, updated since the start of this UTC day (`2026-11-24`), or ever. */
  async issuesBy(author: string, sinceDay: string | null, reader: Reader = "public"): Promise<readonly Issue[]> {
    const url = this.#urlOf(`${this.#access.repo}/issues`);
    const since: Readonly<Record<string, string>> = sinceDay === null ? {} : { since: sinceDay };
    url.search = new URLSearchParams({ status: "all", author, ...since }).toString();
    const found: Issue[] = [];
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const call: HttpCall = { method: "GET", url, ...this.#as(reader) };
      const { issues, nextQuery } = this.#read(call, await this.#ask(call), readIssuePage);
      found.push(...issues);
      if (nextQuery === null) return found;
      // Only the query of `next` is followed: behind a proxy its host and scheme can be others than those we may speak to.
      url.search = nextQuery;
    }
    const message = `pagure: ${describeCall({ method: "GET", url })} has more than ${MAX_PAGES} pages; it is tried again later`;
    throw new UpstreamError("pagure", "TOO_MANY_PAGES", message);
  }

  /** Reads one issue at the most, as the public does: whether project and tracker are there. */
  async readIssues(): Promise<void> {
    const url = this.#urlOf(`${this.#access.repo}/issues`);
    url.search = new URLSearchParams({ status: "all", per_page: "1" }).toString();
    const call: HttpCall = { method: "GET", url };
    this.#read(call, await this.#ask(call), readIssuePage);
  }

  /**
   * Sends the forms of an issue and of a comment without their fields, which Pagure refuses for that alone: it looks at token,
   * permissions and tracker first (pagure/api/issue.py), and writes nothing. Throws what keeps the token from posting.
   */
  async tryPosting(): Promise<void> {
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
    return this.#read(call, await this.#ask(call), readIssue);
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

  #as(reader: Reader): Pick<HttpCall, "headers"> {
    return reader === "public" ? {} : { headers: { authorization: `token ${this.#access.token}` } };
  }

  #urlOf(path: string): URL {
    return new URL(this.#api + path.split("/").map(encodeURIComponent).join("/"));
  }

  async #write<T>(path: string, form: Readonly<Record<string, string>>, read: (body: unknown) => T | null): Promise<T> {
    const call: HttpCall = { method: "POST", url: this.#urlOf(path), form, ...this.#as("user") };
    return this.#read(call, await this.#ask(call), read);
  }

  async #ask(call: HttpCall): Promise<unknown> {
    const answer = await this.#http(call);
    if (answer.status >= 300) throw this.#refusal(call, answer);
    return answer.body;
  }

  #read<T>(call: HttpCall, body: unknown, read: (body: unknown) => T | null): T {
    const value = read(body);
    if (value !== null) return value;
    const message = `pagure: ${describeCall(call)} answered JSON of an unknown shape; it is tried again later`;
    throw new UpstreamError("pagure", "UNKNOWN_SHAPE", message);
  }

  #refusal(call: HttpCall, { status, body }: HttpAnswer): UpstreamError | RefusedError {
    const { code: given, detail } = readRefusal(body);
    const code = given ?? `HTTP_${status}`;
    const words = redact(detail ?? "", [this.#access.token])
      .replaceAll(/\s+/g, " ")
      .trim()
      .slice(0, MAX_DETAIL);
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

/** Whether a post that failed so may have been done all the same, or may still be. */
export function mayHaveArrived({ code }: UpstreamError): boolean {
  return !NEVER_SENT.includes(code) && !ROLLED_BACK.includes(code);
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
  if (status === 404) return "check Pagure's address and the repo in the configuration";
  if (status === 401 || status === 403) return "check the token, and what stands in front of Pagure";
  return "Pagure does not take what clean-amis sends: compare both versions, and report a bug";
}

function apiOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && `${url.username}${url.password}${url.search}${url.hash}` === "";
  if (!isPlain || (url.protocol !== "https:" && url.protocol !== "http:")) {
    // The address is not quoted: a password may stand in it.
    throw new ConfigError(
      "Pagure's address must be plain http or https, such as https://pagure.io, without a user or query",
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}/api/0/`;
}

function checkRepo(repo: string): void {
  if (!/^(?:fork\/[^/\s]+\/)?[^/\s]+(?:\/[^/\s]+)?$/.test(repo) || repo.split("/").some((part) => /^\.*$/.test(part))) {
    const forms = "repo, namespace/repo, fork/user/repo or fork/user/namespace/repo";
    throw new ConfigError(`the Pagure repo is ${JSON.stringify(repo)}: it must be ${forms}`);
  }
}
