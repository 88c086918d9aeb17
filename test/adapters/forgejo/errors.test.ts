import t from "tap";
import { ForgejoCalls } from "../../../src/adapters/forgejo/calls.ts";
import { startForgejoDouble, type ForgejoDouble } from "../../../src/demo/outside/forgejo/double.ts";
import type { ProjectSettings } from "../../../src/demo/outside/tracker.ts";
import { ConfigError } from "../../../src/errors.ts";
import { copies, dayPost, failure, FORGEJO, NOW, publish, REPO, TOKEN } from "../../support/outside/forge.ts";
import { openForgejo, type ForgeOptions } from "../../support/outside/adapters.ts";

async function start(t: { teardown(end: () => Promise<void>): void }): Promise<ForgejoDouble> {
  const double = await startForgejoDouble({ now: () => NOW });
  t.teardown(() => double.close());
  double.tracker.setProject(REPO, { writers: ["bot"] });
  double.setToken(TOKEN, { user: "bot" });
  return double;
}

function optionsOf({ url }: ForgejoDouble): ForgeOptions {
  return { url, repo: REPO, tags: [], token: TOKEN, userAgent: "clean-amis/test", timeoutMs: 5_000 };
}

t.test("what a person must mend is refused with the remedy in one line, and nothing is posted", async (t) => {
  const double = await start(t);
  const settings = (change: Partial<ProjectSettings>) => () => {
    double.tracker.setProject(REPO, change);
  };
  const rights = (change: Parameters<ForgejoDouble["setToken"]>[1]) => () => {
    double.setToken(TOKEN, change);
  };
  const mended: [string, () => void, string, RegExp][] = [
    [
      "expired token",
      rights({ user: "bot", expiresAt: NOW }),
      "TOKEN",
      /401 user does not exist.*\/user: create a new token with read:user and write:issue, and set FORGEJO_ACCESS_TOKEN$/,
    ],
    [
      "no name",
      rights({ user: "bot", scopes: ["write:issue"] }),
      "SCOPE",
      /\[read:user\] for GET .*give the token the scopes/,
    ],
    ["no writing", rights({ user: "bot", scopes: ["read:user", "read:issue"] }), "SCOPE", /\[write:issue\] for POST /],
    [
      "hidden",
      settings({ isHidden: true }),
      "NO_REPO",
      /check the repo releng\/ami-reports .* the public must be able to see it$/,
    ],
    ["issues off", settings({ tracker: "disabled" }), "ISSUES_OFF", /switch the issues of releng\/ami-reports on/],
    ["archived", settings({ tracker: "read-only" }), "ARCHIVED", /423 .*archived: unarchive it, or set another place/],
    ["moved", settings({ movedTo: "cloud/ami-reports" }), "MOVED", /307 for POST .*is elsewhere: set its new name/],
    ["blocked", settings({ blockedUsers: ["bot"] }), "HTTP_403", /user is blocked.*let the token's user write issues/],
  ];
  double.tracker.setProject("cloud/ami-reports", {});
  for (const [name, breakIt, code, message] of mended) {
    double.setToken(TOKEN, { user: "bot" });
    settings({ tracker: "open", isHidden: false, movedTo: null, blockedUsers: [] })();
    breakIt();
    const error = await failure(t, publish(openForgejo(optionsOf(double)), dayPost(1)));
    t.match(error, { name: "RefusedError", code, message }, name);
    t.notMatch(error.message, /[\r\n]/, `${name}: one line`);
  }
  const nowhere = openForgejo({ ...optionsOf(double), repo: "releng/nowhere" });
  t.match(await failure(t, publish(nowhere, dayPost(1))), {
    code: "NO_REPO",
    message: /check the repo releng\/nowhere/,
  });
  settings({ tracker: "open", isHidden: false, movedTo: null, blockedUsers: [] })();
  t.same(double.tracker.issues(REPO), []);
  for (let time = 0; time < 2; time += 1) await publish(openForgejo(optionsOf(double)), dayPost(1));
  t.equal(copies(double, 1), 1, "what was mended lets it be told, once");
});

t.test(
  "a list that ends before its length is not taken for whole, and one without links is read to its end",
  async (t) => {
    const double = await start(t);
    const reports = openForgejo(optionsOf(double));
    await publish(reports, dayPost(1));
    const lie = { kind: "answer", status: 200, body: [], headers: { "x-total-count": "1" } } as const;
    double.fail({ ...FORGEJO.calls.list, trouble: lie });
    t.match(await failure(t, publish(reports, dayPost(1))), {
      name: "UpstreamError",
      code: "INCOMPLETE",
      message: /listed 0 of 1/,
    });
    await publish(reports, dayPost(1));
    t.equal(double.tracker.issues(REPO).length, 1, "nothing is told twice");
  },
);

t.test("without the right to set labels the day's issue goes without, and that is told", async (t) => {
  const double = await start(t);
  const warned: string[] = [];
  const warn = (data: object, message: string): void => void warned.push(`${message} ${JSON.stringify(data)}`);
  const ignore = (): void => undefined;
  const log = { debug: ignore, info: ignore, warn, error: ignore };
  const options = { ...optionsOf(double), tags: ["amis"], log };
  double.tracker.setProject(REPO, { writers: [] });
  await publish(openForgejo(options), dayPost(1));
  t.match(double.tracker.issues(REPO), [{ tags: [] }]);
  t.match(warned.join(), /gets no such label .*"label":"amis"/);
});

t.test("the doctor's look writes nothing, and says what is missing", async (t) => {
  const double = await start(t);
  const calls = new ForgejoCalls(optionsOf(double));
  await calls.readIssues();
  await calls.mayPost();
  t.same(double.tracker.issues(REPO), []);
  double.setToken(TOKEN, { user: "bot", scopes: ["read:user"] });
  t.match(await failure(t, calls.mayPost()), { code: "SCOPE", message: /\[write:issue\]/ });
});

t.test("an address, a repo or a token of the wrong form is refused at the start", async (t) => {
  const double = await start(t);
  for (const change of [
    { url: "forge.example" },
    { url: "https://bot:S3CRET@forge.example" },
    { repo: "ami-reports" },
    { repo: "fork/ann/ami-reports" },
    { repo: "../users" },
    { token: "" },
    { token: `${TOKEN}\n` },
  ])
    t.throws(() => openForgejo({ ...optionsOf(double), ...change }), ConfigError, Object.keys(change).join());
});
