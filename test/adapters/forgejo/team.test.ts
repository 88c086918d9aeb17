import t, { type Test } from "tap";
import { ForgejoCalls } from "../../../src/adapters/forgejo/calls.ts";
import { startForgejoDouble, type ForgejoDouble } from "../../../src/demo/outside/forgejo/double.ts";
import { failure, NOW, REPO, TOKEN } from "../../support/outside/forge.ts";

const TEAM = "releng/ami-keepers";

async function start(t: Test): Promise<{ readonly double: ForgejoDouble; readonly calls: ForgejoCalls }> {
  const double = await startForgejoDouble({ now: () => NOW, mostItems: 20 });
  t.teardown(() => double.close());
  double.tracker.setProject(REPO, { writers: ["bot"] });
  double.setToken(TOKEN, { user: "bot", scopes: ["read:user", "write:issue", "read:organization"] });
  const access = { repo: REPO, token: TOKEN, userAgent: "clean-amis/test", timeoutMs: 5_000, url: double.url };
  return { double, calls: new ForgejoCalls(access) };
}

t.test("a team's members are operators, on whatever page they stand, and the account that posts is not", async (t) => {
  const { double, calls } = await start(t);
  for (let number = 0; number < 25; number += 1) double.setTeam(`releng/team-${number}`, ["bot"]);
  const people = Array.from({ length: 45 }, (_, number) => `person-${number}`);
  double.setTeam(TEAM, ["Bot", "bot", ...people]);
  t.same(await calls.operatorsOf("Releng/AMI-Keepers".replace("Releng", "releng")), people);
});

t.test("a team that cannot be seen is told with the remedy, and nobody is taken for its member", async (t) => {
  const { double, calls } = await start(t);
  const scopes = ["read:user", "write:issue", "read:organization"] as const;
  const rows: [string, () => void, string, RegExp][] = [
    [
      "no organisation",
      () => undefined,
      "NO_TEAM",
      /404 .*check the team releng\/ami-keepers in report\.operators_team/,
    ],
    [
      "not in it",
      () => {
        double.setTeam(TEAM, ["ann"]);
      },
      "NO_TEAM",
      /403 .*must be a member of it, or an owner/,
    ],
    [
      "another team",
      () => {
        double.setTeam("releng/others", ["bot"]);
      },
      "NO_TEAM",
      /403 Must be a team member .*a member of it/,
    ],
    [
      "no scope",
      () => {
        double.setToken(TOKEN, { user: "bot" });
      },
      "TEAM_SCOPE",
      /give the token the scope read:organization/,
    ],
    [
      "expired",
      () => {
        double.setToken(TOKEN, { user: "bot", scopes: [...scopes], expiresAt: 0 });
      },
      "TOKEN",
      /new token/,
    ],
  ];
  for (const [name, breakIt, code, message] of rows) {
    breakIt();
    t.match(await failure(t, calls.operatorsOf(TEAM)), { name: "RefusedError", code, message }, name);
  }
  double.setToken(TOKEN, { user: "bot", scopes: [...scopes] });
  t.match(await failure(t, calls.operatorsOf("releng/nobodys")), { code: "NO_TEAM", message: /team releng\/nobodys/ });
  double.setTeam(TEAM, ["bot", "ann"]);
  double.fail({
    path: /members$/,
    trouble: { kind: "answer", status: 200, body: [], headers: { "x-total-count": "2" } },
  });
  t.match(await failure(t, calls.operatorsOf(TEAM)), { name: "UpstreamError", code: "INCOMPLETE" });
  double.fail({ path: /members$/, trouble: { kind: "answer", status: 200, body: [{ login: "ann" }] } });
  t.match(await failure(t, calls.operatorsOf(TEAM)), { name: "UpstreamError", code: "UNKNOWN_SHAPE" });
});
