import { inspect } from "node:util";
import type { Test } from "tap";
import { openPagure } from "../../../src/adapters/pagure/reports.ts";
import type { PagureOptions } from "../../../src/adapters/pagure/reports.ts";
import { pagureError, type TokenRights } from "../../../src/demo/outside/pagure/access.ts";
import { startPagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import type { PagureDouble, PagureDoubleOptions } from "../../../src/demo/outside/pagure/double.ts";
import { htmlPage, type Trouble } from "../../../src/demo/outside/pagure/faults.ts";
import { RefusedError, UpstreamError } from "../../../src/errors.ts";
import type { Post, Reports } from "../../../src/ports/index.ts";
import { PAGURE_TOKEN } from "../run/secrets.ts";

/** When the double thinks it is. */
export const NOW = Date.parse("2026-11-24T22:00:00Z");
/** The repo of every test. */
export const REPO = "releng/ami-reports";
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

/** The adapter's token; "S3CRET" must stand in nothing that is thrown. */
export const TOKEN = PAGURE_TOKEN;
export const TITLE = "clean-amis: 2026-11-24";

/** The adapter over the double, with a token that may do all it needs. */
export function open(double: PagureDouble, change: Partial<PagureOptions> = {}): Reports {
  return openAs(double, { project: change.repo ?? REPO }, change);
}

/** The same, with other rights. */
export function openAs(
  double: PagureDouble,
  rights: Partial<TokenRights>,
  change: Partial<PagureOptions> = {},
): Reports {
  double.setToken(TOKEN, { user: "bot", ...rights });
  const options = { url: double.url, repo: REPO, tags: ["amis"], token: TOKEN, userAgent: "clean-amis/test" };
  return openPagure({ ...options, timeoutMs: 5_000, ...change });
}

/** The day's post of that number. */
export function dayPost(number: number): Post {
  const marker = `<!-- clean-amis 2026-11-24 post ${number}. -->`;
  return {
    day: "2026-11-24",
    title: TITLE,
    marker,
    names: ["100 %"],
    opening: "What this is",
    continuation: "More of it",
    text: `Post ${number}: ä, 100 % & more\n\n${marker}\n`,
  };
}

/** Publishes as the reporter does: what may still be under way is a failure for now. */
export async function publish(reports: Reports, post: Post): Promise<{ readonly url: string }> {
  const published = await reports.publish(post, () => Promise.resolve());
  if ("unsure" in published) throw published.unsure;
  return published;
}

/** The text of the day's post of that number where it opens an issue, and where it is a comment. */
export function opened(number: number): string {
  return `What this is\n\n${dayPost(number).text}`;
}

export function continued(number: number): string {
  return `More of it\n\n${dayPost(number).text}`;
}

/** How often the post is visible in the whole project. */
export function copies(double: PagureDouble, number: number): number {
  const texts = double.tracker
    .issues(REPO)
    .flatMap((issue) => [issue.content, ...issue.comments.map(({ text }) => text)]);
  return texts.filter((text) => text.includes(dayPost(number).marker)).length;
}

/** The error of a publish that must fail: one line that names the service, and no token in it or under it. */
export async function failure(t: Test, work: Promise<unknown>): Promise<UpstreamError | RefusedError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UpstreamError) && !(error instanceof RefusedError)) throw new Error(`it is ${String(error)}`);
  t.match(error.message, /^pagure: [^\n]+$/);
  t.notOk(inspect(error, { depth: 10, showHidden: true }).includes("S3CRET"), "no token in the error or its causes");
  return error;
}

/** What can go wrong with any call to Pagure, whatever it asks for. */
export const PAGURE_TROUBLES: readonly Trouble[] = [
  { kind: "cut", takesEffect: true },
  { kind: "cut", takesEffect: false },
  { kind: "truncate", bytes: 12 },
  { kind: "answer", status: 200, body: htmlPage("Maintenance") },
  { kind: "answer", status: 502, body: htmlPage("Bad Gateway") },
  { kind: "answer", status: 413, body: htmlPage("Too Large") },
  { kind: "answer", status: 401, body: pagureError("EINVALIDTOK", "Expired token") },
  { kind: "answer", status: 400, body: pagureError("EDBERROR") },
];
