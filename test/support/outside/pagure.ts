import type { Test } from "tap";
import type { TokenRights } from "../../../src/demo/outside/pagure/access.ts";
import { startPagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import type { PagureDouble, PagureDoubleOptions } from "../../../src/demo/outside/pagure/double.ts";
import type { Reports } from "../../../src/ports/index.ts";
import { NOW, REPO, TOKEN } from "./forge.ts";
import { type ForgeOptions, openPagure } from "./adapters.ts";

const ALL_ACLS = ["issue_create", "issue_comment", "issue_change_status", "issue_update"];

/** What raw `fetch` got; `json` is empty for a web page. */
export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** A double with one project and the token `bot-token` of its user `bot`, closed with the test. */
export async function start(test: Test, options: PagureDoubleOptions = {}): Promise<PagureDouble> {
  const double = await startPagureDouble({ now: () => NOW, ...options });
  test.teardown(() => double.close());
  double.tracker.setProject(REPO, {});
  double.setToken("bot-token", { user: "bot", project: REPO, acls: ALL_ACLS });
  return double;
}

export async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const type = response.headers.get("content-type");
  const json = (type === "application/json" ? JSON.parse(text) : {}) as Readonly<Record<string, unknown>>;
  return { status: response.status, type, json, text };
}

export async function get(double: PagureDouble, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return read(await fetch(`${double.url}/api/0/${path}`, { headers }));
}

export async function post(
  double: PagureDouble,
  path: string,
  form: Record<string, string>,
  token: string | null = "bot-token",
): Promise<Answer> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `token ${token}` };
  return read(await fetch(`${double.url}/api/0/${path}`, { method: "POST", headers, body: new URLSearchParams(form) }));
}

/** The adapter over the double, with a token that may do all it needs. */
export function open(double: PagureDouble, change: Partial<ForgeOptions> = {}): Reports {
  return openAs(double, { project: change.repo ?? REPO }, change);
}

/** The same, with other rights. */
function openAs(double: PagureDouble, rights: Partial<TokenRights>, change: Partial<ForgeOptions> = {}): Reports {
  double.setToken(TOKEN, { user: "bot", ...rights });
  const options = { url: double.url, repo: REPO, tags: ["amis"], token: TOKEN, userAgent: "clean-amis/test" };
  return openPagure({ ...options, timeoutMs: 5_000, ...change });
}
