import { inspect } from "node:util";
import type { Test } from "tap";
import type { ForgeDouble } from "../../../src/demo/outside/forge.ts";
import { startForgejoDouble } from "../../../src/demo/outside/forgejo/double.ts";
import { htmlPage, type Fault, type Trouble } from "../../../src/demo/outside/faults.ts";
import { pagureError } from "../../../src/demo/outside/pagure/access.ts";
import { startPagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import { RefusedError, UpstreamError } from "../../../src/errors.ts";
import type { Comments, Post, Reports } from "../../../src/ports/index.ts";
import { PAGURE_TOKEN } from "../run/secrets.ts";
import { openForgejo, openForgejoComments, openPagure, openPagureComments } from "./adapters.ts";

/** When the doubles think it is. */
export const NOW = Date.parse("2026-11-24T22:00:00Z");
/** The repo of every test. */
export const REPO = "releng/ami-reports";
/** The adapters' token; "S3CRET" must stand in nothing that is thrown. */
export const TOKEN = PAGURE_TOKEN;
export const TITLE = "clean-amis: 2026-11-24";

type Call = Required<Pick<Fault, "method" | "path">>;

/** One forge, as the contract of all forges sees it. */
export interface ForgeKind {
  readonly name: "pagure" | "forgejo";
  /** Whether its comments can be edited. */
  readonly editsComments: boolean;
  readonly calls: Readonly<Record<"create" | "comment" | "whoAmI" | "list" | "view", Call>>;
  /** What a call is answered when something passes, or the issue is closed to us. */
  readonly passing: Trouble;
  readonly closed: Trouble;
  /** The path of an issue as people read it, and of a comment there. */
  page(repo: string, issue: number, comment?: number): string;
  start(t: Pick<Test, "teardown">, options?: { readonly now?: () => number }): Promise<ForgeScene>;
}

/** A double with one project, and the adapters over it, whose token may do all that they need. */
export interface ForgeScene {
  readonly double: ForgeDouble;
  readonly open: (change?: { readonly timeoutMs?: number }) => Reports;
  readonly comments: (title?: string) => Comments;
  /** The token's user may edit what is theirs. */
  letEdit(): void;
  /** From now on the token is refused. */
  expire(): void;
}

const ACCESS = { repo: REPO, token: TOKEN, userAgent: "clean-amis/test" };

export const PAGURE: ForgeKind = {
  name: "pagure",
  editsComments: false,
  calls: {
    create: { method: "POST", path: /\/new_issue$/ },
    comment: { method: "POST", path: /\/comment$/ },
    whoAmI: { method: "POST", path: /whoami$/ },
    list: { method: "GET", path: /\/issues$/ },
    view: { method: "GET", path: /\/issue\/\d+$/ },
  },
  passing: { kind: "answer", status: 400, body: pagureError("EDBERROR") },
  closed: { kind: "answer", status: 403, body: pagureError("EISSUENOTALLOWED") },
  page: (repo, issue, comment) => `/${repo}/issue/${issue}${comment === undefined ? "" : `#comment-${comment}`}`,
  start: async (t, { now = () => NOW } = {}) => {
    const double = await startPagureDouble({ now });
    t.teardown(() => double.close());
    double.tracker.setProject(REPO, {});
    const rights = { user: "bot", project: REPO };
    double.setToken(TOKEN, rights);
    return {
      double,
      open: (change = {}) => openPagure({ ...ACCESS, url: double.url, tags: ["amis"], timeoutMs: 5_000, ...change }),
      comments: (title) => openPagureComments({ ...ACCESS, url: double.url, timeoutMs: 60_000, ...titled(title) }),
      letEdit: () => {
        double.setToken(TOKEN, { ...rights, acls: ["issue_create", "issue_comment", "issue_update"] });
      },
      expire: () => {
        double.setToken(TOKEN, { ...rights, expiresAt: 0 });
      },
    };
  },
};

export const FORGEJO: ForgeKind = {
  name: "forgejo",
  editsComments: true,
  calls: {
    create: { method: "POST", path: /\/issues$/ },
    comment: { method: "POST", path: /\/issues\/\d+\/comments$/ },
    whoAmI: { method: "GET", path: /\/user$/ },
    list: { method: "GET", path: /\/issues$/ },
    view: { method: "GET", path: /\/issues\/\d+$/ },
  },
  passing: { kind: "answer", status: 429, body: { message: "slow" } },
  closed: { kind: "answer", status: 403, body: { message: "You cannot comment on a locked issue." } },
  page: (repo, issue, comment) => `/${repo}/issues/${issue}${comment === undefined ? "" : `#issuecomment-${comment}`}`,
  start: async (t, { now = () => NOW } = {}) => {
    const double = await startForgejoDouble({ now, mostItems: 20 });
    t.teardown(() => double.close());
    double.tracker.setProject(REPO, { writers: ["bot"] });
    double.setToken(TOKEN, { user: "bot" });
    return {
      double,
      open: (change = {}) => openForgejo({ ...ACCESS, url: double.url, tags: ["amis"], timeoutMs: 5_000, ...change }),
      comments: (title) => openForgejoComments({ ...ACCESS, url: double.url, timeoutMs: 60_000, ...titled(title) }),
      letEdit: () => undefined,
      expire: () => {
        double.setToken(TOKEN, { user: "bot", expiresAt: 0 });
      },
    };
  },
};

export const FORGES: readonly ForgeKind[] = [PAGURE, FORGEJO];

function titled(title: string | undefined): { readonly title?: string } {
  return title === undefined ? {} : { title };
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
export function copies(double: Pick<ForgeDouble, "tracker">, number: number): number {
  const texts = double.tracker
    .issues(REPO)
    .flatMap((issue) => [issue.content, ...issue.comments.map(({ text }) => text)]);
  return texts.filter((text) => text.includes(dayPost(number).marker)).length;
}

/** The error of what must fail: one line that names the service, and no token in it or under it. */
export async function failure(t: Test, work: Promise<unknown>): Promise<UpstreamError | RefusedError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UpstreamError) && !(error instanceof RefusedError)) throw new Error(`it is ${String(error)}`);
  t.match(error.message, /^(?:pagure|forgejo): [^\n]+$/);
  t.notOk(inspect(error, { depth: 10, showHidden: true }).includes("S3CRET"), "no token in the error or its causes");
  return error;
}

/** What can go wrong with any call to a forge, whatever it asks for. */
export const TROUBLES: Readonly<Record<ForgeKind["name"], readonly Trouble[]>> = {
  pagure: [
    ...common(),
    { kind: "answer", status: 401, body: pagureError("EINVALIDTOK", "Expired token") },
    { kind: "answer", status: 400, body: pagureError("EDBERROR") },
  ],
  forgejo: [
    ...common(),
    { kind: "answer", status: 401, body: { message: "user does not exist [uid: 0, name: ]" } },
    { kind: "answer", status: 429, body: { message: "slow" } },
  ],
};

function common(): readonly Trouble[] {
  return [
    { kind: "cut", takesEffect: true },
    { kind: "cut", takesEffect: false },
    { kind: "truncate", bytes: 12 },
    { kind: "answer", status: 200, body: htmlPage("Maintenance") },
    { kind: "answer", status: 502, body: htmlPage("Bad Gateway") },
    { kind: "answer", status: 413, body: htmlPage("Too Large") },
  ];
}
