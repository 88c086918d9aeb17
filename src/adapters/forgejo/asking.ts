import { openForgeHttp, type ForgeAccess } from "../forge/access.ts";
import type { Http, HttpAnswer, HttpCall } from "../http/http.ts";
import { readRepo } from "./answers.ts";
import { refusalOf, type Missing } from "./refusals.ts";

/** How Forgejo is asked: what it refuses becomes an error with the remedy. */
export class Asking {
  readonly #access: ForgeAccess;
  readonly #http: Http;
  readonly #api: string;

  /** `api`: the address that API paths are appended to. Throws `ConfigError` for a token of the wrong form. */
  constructor(access: ForgeAccess, api: string) {
    this.#access = access;
    this.#http = openForgeHttp({ service: "forgejo", name: "Forgejo", variable: "FORGEJO_ACCESS_TOKEN" }, access);
    this.#api = api;
  }

  /** `what`: the repo, or the team, that the call is about. Throws `UpstreamError` and `RefusedError`. */
  async ask(call: HttpCall, what = this.#access.repo): Promise<HttpAnswer> {
    const answer = await this.#http(call);
    if (answer.status < 300) return answer;
    const missing = answer.status === 404 ? await this.#missing(call, what) : null;
    throw refusalOf(call, answer, missing, { ...this.#access, repo: what });
  }

  /** Forgejo says the same 404 to all: what is there, as the public sees it, tells them apart. */
  async #missing({ url }: HttpCall, what: string): Promise<Missing | null> {
    const path = url.href.startsWith(this.#api) ? url.href.slice(this.#api.length) : "";
    if (/^(?:orgs|teams)\//.test(path)) return "NO_TEAM";
    if (!path.startsWith("repos/")) return null;
    const repo = new URL(`${this.#api}repos/${what.split("/").map(encodeURIComponent).join("/")}`);
    const { status, body } = await this.#http({ method: "GET", url: repo });
    const found = status < 300 ? readRepo(body) : null;
    if (found === null) return "NO_REPO";
    return found.hasIssues ? "GONE" : "ISSUES_OFF";
  }
}
