import t from "tap";
import { startForgejoDouble } from "../../src/demo/outside/forgejo/double.ts";
import { TOKEN, USER } from "../../src/demo/service-config.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import { DAY_MS, formatInstant, HOUR_MS } from "../../src/domain/time.ts";
import { complaintsOf, openInstallation, REPO } from "../support/program/installation.ts";

const ON = [
  ["amqp_url", 'topic_prefix = "org.fedoraproject.prod"\namqp_url'],
  ["on = false", "on = true"],
] as const;

/** What is said of a check, a line each. */
function said(findings: readonly Finding[], check: string): readonly string[] {
  return findings.filter((each) => each.check === check).map(({ state, message }) => `${state}: ${message}`);
}

t.test("how telling the bus goes is told where it is told, and the exchange that is not there", async (t) => {
  const place = await openInstallation(t);
  const { redis, keys } = place.connection;
  const bus = async (): Promise<readonly string[]> => said(await place.examine(), "bus");
  const at = (ago: number): string => formatInstant(Date.now() - ago);
  t.same(await bus(), [], "it is off");
  place.configure(...ON);
  t.same(await bus(), ["ok: told nothing yet"]);
  const status = { state: "ok", since: at(DAY_MS), reason: "", checked_at: at(1000) };
  await redis.hset(keys.control("reporter:bus:status"), status);
  t.match(await bus(), [/^ok: last told \S+ \(.*\)$/]);
  await redis.hset(keys.control("reporter:bus:status"), { checked_at: at(2 * HOUR_MS) });
  t.match(await complaintsOf(place), [/^warning bus: last told \S+ \(2h ago\): start clean-amis consume$/]);
  await redis.hset(keys.control("reporter:bus:status"), { checked_at: at(1000) });
  const words = ["what", "made-private", "when", at(3 * HOUR_MS), "who", "ticker", "ami", "ami-0a", "compose", "x"];
  await redis.xadd(keys.events("us-east-1"), `${Date.now() - 3 * HOUR_MS}-0`, ...words);
  t.match(await complaintsOf(place), [
    /^warning bus: last told \S+ \(.*\), but for what happened since \S+ \(3h ago\): start clean-amis consume$/,
  ]);
  await redis.hset(keys.control("reporter:bus:status"), { state: "failing", reason: "nobody hears it: bind a queue" });
  t.match(await complaintsOf(place), [/^failure bus: not told since \S+ \(1d ago\): nobody hears it: bind a queue$/]);
  place.configure(...ON, ["amqp_url", 'publish_exchange = "nowhere"\namqp_url']);
  t.match(await complaintsOf(place), [
    /^failure broker: exchange "nowhere" does not exist: mend publish_exchange in the configuration, or have it made/,
    /^failure bus/,
  ]);
});

t.test("who else may give orders is told, and where reports stood before; and why it cannot be known", async (t) => {
  const place = await openInstallation(t);
  const forgejo = await startForgejoDouble();
  t.teardown(() => forgejo.close());
  forgejo.tracker.setProject(REPO, { writers: [USER] });
  const scopes = ["read:user", "write:issue", "read:organization"] as const;
  forgejo.setToken(TOKEN, { user: USER, scopes: [...scopes] });
  forgejo.setTeam("fedora-cloud/keepers", [USER, "ann", "kevin"]);
  const also = `[consumer_config.report.also]\nkind = "pagure"\nurl = "${place.pagure.url}"\nrepo = "${REPO}"\n`;
  place.configure(
    ['kind = "pagure"', 'kind = "forgejo"'],
    [`url = "${place.pagure.url}"`, `url = "${forgejo.url}"`],
    ['read_every = "1s"', `read_every = "1s"\noperators_team = "fedora-cloud/keepers"\n${also}`],
  );
  t.same(said(await place.examine(), "reports"), [
    "ok: operators are also the 2 members of fedora-cloud/keepers",
    `ok: ${USER} reads what is said in ${REPO} at ${place.pagure.url}, until the last date promised there has passed`,
    `ok: ${USER} may post issues and comments in ${REPO} at ${forgejo.url}`,
  ]);
  forgejo.setTeam("fedora-cloud/keepers", [USER]);
  t.match(await complaintsOf(place), [
    /^warning reports: the team fedora-cloud\/keepers has no member but the token's user: /,
  ]);
  const rows = [
    [
      () => {
        forgejo.setTeam("fedora-cloud/keepers", ["ann"]);
      },
      /must be a member of it, or an owner/,
    ],
    [
      () => {
        forgejo.setToken(TOKEN, { user: USER });
      },
      /the scope read:organization/,
    ],
    [
      () => {
        forgejo.setToken(TOKEN, { user: USER, expiresAt: 1 });
      },
      /create a new token/,
    ],
  ] as const;
  for (const [breakIt, line] of rows) {
    breakIt();
    const found = await complaintsOf(place);
    t.equal(found.length, 1, found.join("\n"));
    t.match(found[0], /^failure reports: /);
    t.match(found[0], line);
  }
  forgejo.setToken(TOKEN, { user: USER, scopes: [...scopes] });
  forgejo.setTeam("fedora-cloud/keepers", [USER, "ann"]);
  place.setToken({ expiresAt: 1 });
  t.match(
    await complaintsOf(place),
    [/^failure reports: pagure: .*create a new API token/],
    "the old place cannot be read",
  );
});
