import { join } from "node:path";
import type { Test } from "tap";
import t from "tap";
import { loadConfig, type Config } from "../../src/config/config.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import { complaintOf } from "../support/program/complaint.ts";

const ROLE = "arn:aws:iam::125523088429:role/clean-amis";

function load(test: Test, toml: string): Config {
  return loadConfig(join(test.testdir({ "c.toml": toml }), "c.toml"), {});
}

/** The one line that somebody with this file sees. */
function complaint(test: Test, toml: string): string {
  return complaintOf(test, () => load(test, toml)).replaceAll(/\S*\/c\.toml/g, "FILE");
}

const ec2 = (lines: string): string => `[consumer_config.ec2]\n${lines}\n`;
const budgets = (lines: string): string => `[consumer_config.budgets]\n${lines}\n`;

t.test("a role is assumed only when the file names it, with an external id where its trust policy wants one", (t) => {
  t.equal(load(t, ec2("")).ec2.role, null);
  t.same(load(t, ec2(`role_arn = "${ROLE}"`)).ec2.role, { arn: ROLE, externalId: null });
  const role = { arn: ROLE, externalId: "fedora:releng" };
  t.same(load(t, ec2(`role_arn = "${ROLE}"\nexternal_id = "fedora:releng"`)).ec2.role, role);
  const rows: readonly (readonly [string, string | RegExp])[] = [
    ['role_arn = "clean-amis"', /^FILE: consumer_config\.ec2\.role_arn = "clean-amis": .*such as arn:aws:iam::/],
    ['role_arn = "arn:aws:iam::125523088429:user/x"', /^FILE: consumer_config\.ec2\.role_arn = /],
    [`role_arn = "${ROLE}"\nexternal_id = "a b"`, /^FILE: consumer_config\.ec2\.external_id = "a b": .*2 to 1224/],
    ['external_id = "fedora"', "FILE: missing key consumer_config.ec2.role_arn: external_id goes only with a role"],
  ];
  for (const [lines, line] of rows) t.match(complaint(t, ec2(lines)), line, lines);
  t.end();
});

t.test("zero never means unlimited: no budget may be zero, negative or above all there is", (t) => {
  const rows: readonly (readonly [string, string])[] = [
    [budgets("max_deletes_per_day = 0"), "FILE: consumer_config.budgets.max_deletes_per_day = 0: must be >= 1"],
    [
      budgets("max_deletes_per_day = 2.5"),
      "FILE: consumer_config.budgets.max_deletes_per_day = 2.5: a whole number such as 500",
    ],
    [budgets("max_private_per_day = -1"), "FILE: consumer_config.budgets.max_private_per_day = -1: must be >= 1"],
    [budgets("max_share_of_region = 0"), "FILE: consumer_config.budgets.max_share_of_region = 0: must be > 0"],
    [budgets("max_share_of_region = 20"), "FILE: consumer_config.budgets.max_share_of_region = 20: must be <= 1"],
    [budgets("max_delete_per_day = 1"), "FILE: unknown key consumer_config.budgets.max_delete_per_day: did you mean "],
  ];
  for (const [toml, line] of rows) t.match(complaint(t, toml), line, toml);
  const given = load(t, budgets("max_deletes_per_day = 1\nmax_private_per_day = 2\nmax_share_of_region = 1"));
  t.same(given.budgets, { maxDeletesPerDay: 1, maxPrivatePerDay: 2, maxShareOfRegion: 1 });
  t.end();
});

t.test("guards are on unless the file turns them off, and refuse where the credentials may not use them", (t) => {
  const off = load(t, ec2('in_use = false\nrecently_launched = "30d"\nunusable_guards = "pass"')).ec2.guards;
  t.match(off, { inUse: false, recentlyLaunchedMs: 30 * DAY_MS, unusable: "pass" });
  const rows: readonly (readonly [string, RegExp])[] = [
    ['in_use = "no"', /^FILE: consumer_config\.ec2\.in_use = "no": true or false$/],
    ['recently_launched = "30 days"', /^FILE: consumer_config\.ec2\.recently_launched = "30 days": .*s, m, h or d/],
    ['recently_launched = "9999d"', /^FILE: consumer_config\.ec2\.recently_launched = "9999d": at most 3650d$/],
    ['unusable_guards = "ignore"', /^FILE: .*unusable_guards = "ignore": .*: one of refuse, pass$/],
  ];
  for (const [lines, line] of rows) t.match(complaint(t, ec2(lines)), line, lines);
  t.end();
});

t.test("released images are looked after, and others' use is asked, only where the file says so", (t) => {
  t.match(load(t, ""), { guard: null, usage: null });
  const on = "[consumer_config.guard]\non = true\n";
  t.same(load(t, on).guard, { warnBeforeMs: 30 * DAY_MS });
  t.same(load(t, `${on}warn_before = "0d"\n`).guard, { warnBeforeMs: 0 });
  const policy = "[consumer_config.policy]\nkeep_if_used_elsewhere = 5\n";
  t.same(load(t, ec2("used_elsewhere = true")).usage, { keepFrom: 0 });
  t.same(load(t, ec2("used_elsewhere = true") + policy).usage, { keepFrom: 5 });
  const line = /^FILE: consumer_config\.policy\.keep_if_used_elsewhere = 5: goes only with ec2\.used_elsewhere = true$/;
  t.match(complaint(t, policy), line);
  t.match(complaint(t, `${on}warn_before = "soon"\n`), /^FILE: consumer_config\.guard\.warn_before = "soon": /);
  t.end();
});

t.test(
  "a protecting tag is a key, a key with a value, or a key with any other; what would protect nothing is refused",
  (t) => {
    const tags = '["do-not-delete", "FedoraGroup!=cloud", "Purpose=Release test: 43/44 @home"]';
    t.same(load(t, ec2(`protecting_tags = ${tags}`)).ec2.guards.protectingTags, [
      { key: "do-not-delete", values: "any", value: "" },
      { key: "FedoraGroup", values: "others", value: "cloud" },
      { key: "Purpose", values: "this", value: "Release test: 43/44 @home" },
    ]);
    const bad = [
      ...["=cloud", "!=cloud", "!FedoraGroup", "FedoraGroup!", "FedoraGroup=", "FedoraGroup!=", "FedoraGroup==cloud"],
      ...["FedoraGroup != cloud", "FedoraGroup=cloud ", " FedoraGroup", "FedoraGroup<>cloud", "FedoraGroup!=cloud,ci"],
      ...["FedoraGroup=*", "a\\nb", "k".repeat(129), `k=${"v".repeat(257)}`],
    ];
    for (const text of bad)
      t.match(
        complaint(t, ec2(`protecting_tags = ["do-not-delete", "${text}"]`)),
        /^FILE: consumer_config\.ec2\.protecting_tags: ".*" is (?:neither|no) .*: letters, digits, single spaces and /,
        text.slice(0, 40),
      );
    for (const text of ["", "k".repeat(387)])
      t.match(complaint(t, ec2(`protecting_tags = ["${text}"]`)), /^FILE: consumer_config\.ec2\.protecting_tags\.0 = /);
    t.end();
  },
);

t.test("products are named as compose ids begin", (t) => {
  const policy = (products: string): string => `[consumer_config.policy]\nproducts = ${products}\n`;
  t.same(load(t, policy('["Fedora_Docker", "Fedora-Cloud"]')).policy.products, ["Fedora_Docker", "Fedora-Cloud"]);
  t.same(load(t, policy("[]")).policy.products, []);
  for (const product of ["", "Fedora-", "Fedora-Cloud-43-20260122.0", "Fedora *", "-Fedora", "f".repeat(65)])
    t.match(
      complaint(t, policy(`["Fedora", "${product}"]`)),
      /^FILE: consumer_config\.policy\.products\.1 = "/,
      product,
    );
  t.end();
});

t.test("a share of EC2's request rates is above 0 and up to 1, and enough for one image in a claim", (t) => {
  t.equal(load(t, ec2("")).ec2.share, 0.5);
  t.equal(load(t, ec2("share = 1")).ec2.share, 1);
  const rows: readonly (readonly [string, RegExp])[] = [
    [ec2("share = 0"), /^FILE: consumer_config\.ec2\.share = 0: must be > 0$/],
    [ec2("share = 1.5"), /^FILE: consumer_config\.ec2\.share = 1\.5: must be <= 1$/],
    [ec2("share = -1"), /^FILE: consumer_config\.ec2\.share = -1: must be > 0$/],
    [ec2('share = "half"'), /^FILE: consumer_config\.ec2\.share = "half": a number\b/],
    [ec2("share = 0.001"), /share = 0\.001: serves not one image in half of schedule\.lease = 5m: raise either$/],
    [`[consumer_config.schedule]\nlease = "1s"\n${ec2("share = 0.5")}`, /share = 0\.5: serves not one image in half/],
  ];
  for (const [toml, line] of rows) t.match(complaint(t, toml), line, toml);
  const trial = 'endpoint = "http://127.0.0.1:1"\nshare = 0.001';
  t.equal(load(t, ec2(trial)).ec2.share, 0.001, "on this machine everything may be tried");
  t.end();
});
