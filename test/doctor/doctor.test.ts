import t from "tap";
import {
  complaints,
  complaintsOf,
  OF_THIS_RUN,
  openInstallation,
  REGIONS,
  REPO,
} from "../support/program/installation.ts";
import type { Examined } from "../../src/doctor/doctor.ts";
import { contentsOf } from "../support/scenes/contents.ts";
import { ACCOUNT } from "../support/world/image.ts";

/** A call's limit is met here while that of the whole check is out of reach, however busy the machine. */
const IN_A_SLOW_REGION = (): Partial<Examined> => ({ limitMs: 120_000, callLimitMs: 8_000 });

t.test(
  "an installation with nothing wrong is told to be so, check by check, and nothing is changed anywhere",
  async (t) => {
    const place = await openInstallation(t);
    const { connection, ec2, pagure } = place;
    const image = ec2.addImage("us-east-1", { isPublic: true });
    await connection.redis.del(connection.keys.format);
    const before = await contentsOf(place.connection);
    const findings = await place.examine();
    t.same(complaints(findings), [OF_THIS_RUN]);
    t.same(
      [...new Set(findings.map(({ check }) => check))],
      [
        ...["configuration", "node", "broker", "queue", "redis", "redis persistence", "redis form", "redis commands"],
        ...["redis memory", "redis latency", "redis keys", "clock", "ears", "reporter", "acts", "labels", "records"],
        ...["reports", "datagrepper", "compose host", "ec2 account"],
        ...REGIONS.flatMap((region) =>
          ["permissions", "block public access", "public images"].map((what) => `ec2 ${region} ${what}`),
        ),
      ],
    );
    t.match(
      findings.find(({ check }) => check === "ec2 us-east-1 public images")?.message,
      /^1; the quota Public AMIs \(L-0E3CBAB9\)/,
    );
    t.same(await contentsOf(place.connection), before, "Redis");
    t.same(await connection.redis.exists(connection.keys.format), 0, "not even the format is written");
    t.same(ec2.journal.mutating(), [], "EC2");
    t.same(
      ec2.journal.entries.filter(({ effect }) => effect !== null),
      [],
      "EC2",
    );
    t.same(ec2.image("us-east-1", image.id), image);
    t.same(
      pagure.journal.filter(({ created }) => created !== null),
      [],
      "Pagure",
    );
    t.same(pagure.tracker.issues(REPO), [], "Pagure");
  },
);

t.test("that AWS' SDK will ask for a newer Node is told once, and no reason to complain", async (t) => {
  const place = await openInstallation(t);
  for (const [node, words] of Object.entries({ "20.20.2": /^20\.20\.2 will do; from 2027 on/, "22.1.0": /^22\.1\.0$/ }))
    t.match((await place.examine(() => ({ node })))[1], { check: "node", state: "ok", message: words });
});

t.test("what is missing in EC2 is told by region and name, as far as the configuration needs it", async (t) => {
  const denied = ["DeregisterImage", "CreateTags", "DescribeImageReferences"];
  const place = await openInstallation(t, { accounts: { AKIDDEMO: { id: ACCOUNT, denied } } });
  const inRegions = (line: string): string[] => REGIONS.map((region) => line.replace("REGION", region));
  const templates =
    "warning ec2 REGION permissions: missing ec2:DescribeImageReferences: launch templates that use an image are not seen: allow it";
  const missing =
    "failure ec2 REGION permissions: missing ec2:CreateTags, ec2:DeregisterImage: allow them in the IAM policy";
  t.same((await complaintsOf(place)).toSorted(), [...inRegions(missing), ...inRegions(templates)].toSorted());
  place.configure(['act = "delete"', 'act = "nothing"']);
  const later =
    'warning ec2 REGION permissions: missing ec2:CreateTags, ec2:DeregisterImage, which act = "nothing" does not need: allow them before raising act';
  t.same((await complaintsOf(place)).toSorted(), [...inRegions(later), ...inRegions(templates)].toSorted());
});

t.test("a region in which nothing could be given back, and one that is dead, hide no other", async (t) => {
  const place = await openInstallation(t);
  place.ec2.configure("us-east-1", { blockPublicAccess: "block-new-sharing" });
  place.ec2.faults.add({ kind: "withhold", connection: "keep", region: "eu-west-1", times: Infinity });
  t.same(await complaintsOf(place, IN_A_SLOW_REGION), [
    "failure ec2 eu-west-1: nothing is answered: no answer in time: check the network, and that EC2 works in the region",
    "failure ec2 us-east-1 block public access: on: nothing is made private here, as it could not be given back: switch it off for images in this region",
  ]);
});

t.test(
  "a call that fails, and one that is never answered, hide nothing of what else is found in a region",
  async (t) => {
    const denied = ["DescribeRegions"];
    const place = await openInstallation(t, { accounts: { AKIDDEMO: { id: ACCOUNT, denied } } });
    place.ec2.configure("us-east-1", { blockPublicAccess: "block-new-sharing" });
    const ofHome = { region: "us-east-1", times: Infinity };
    place.ec2.faults.add({ ...ofHome, kind: "error", code: "InternalError", status: 500, action: "DescribeSnapshots" });
    place.ec2.faults.add({ ...ofHome, kind: "withhold", connection: "keep", action: "DeleteTags" });
    place.ec2.faults.add({ ...ofHome, kind: "error", code: "Blocked", status: 400, action: "DescribeImages" });
    const found = (await complaintsOf(place, IN_A_SLOW_REGION)).filter((line) => line.includes("us-east-1"));
    t.match(found, [
      "failure ec2 us-east-1 permissions: missing ec2:DescribeRegions: allow them in the IAM policy",
      /^failure ec2 us-east-1 permissions: whether ec2:DescribeImages is allowed is not known: ec2: DescribeImages in us-east-1: Blocked: .*: run doctor again$/,
      /^failure ec2 us-east-1 permissions: whether ec2:DescribeSnapshots is allowed is not known: .*InternalError/,
      "failure ec2 us-east-1 permissions: whether ec2:DeleteTags is allowed is not known: no answer in time: run doctor again",
      /^failure ec2 us-east-1 block public access: on: /,
    ]);
  },
);

t.test("credentials of another account are told, and without any no region is asked", async (t) => {
  const place = await openInstallation(t, { accounts: { AKIDDEMO: { id: "111122223333" } } });
  t.match(await complaintsOf(place), [
    /^failure ec2 account: the credentials are of 111122223333, the images of 125523088429: nothing is acted on: /,
  ]);
  const other = await openInstallation(t, { accounts: { OTHER: { id: ACCOUNT } } });
  const found = await complaintsOf(other);
  t.equal(found.length, 1);
  t.match(found[0], /^failure ec2 credentials: .*InvalidClientTokenId.*; no region is checked$/);
});

t.test("a report that would not reach the public is told with its remedy, by the word of Pagure", async (t) => {
  const place = await openInstallation(t);
  const rows: readonly (readonly [string, () => void, RegExp])[] = [
    [
      "expired",
      () => {
        place.setToken({ expiresAt: 1 });
      },
      /EINVALIDTOK Expired token .*: create a new API token of /,
    ],
    [
      "no issues",
      () => {
        place.setToken({ acls: ["issue_comment"] });
      },
      /EINVALIDTOK Missing ACLs: issue_create for .*new_issue: /,
    ],
    [
      "no comments",
      () => {
        place.setToken({ acls: ["issue_create"] });
      },
      /Missing ACLs: issue_comment, issue_update for /,
    ],
    [
      "another project's",
      () => {
        place.setToken({ project: "releng/other" });
      },
      /EINVALIDTOK .*: create a new API token of /,
    ],
    [
      "off",
      () => {
        place.pagure.tracker.setProject(REPO, { tracker: "disabled" });
      },
      /ETRACKERDISABLED .*: switch the issue tracker of /,
    ],
    [
      "read-only",
      () => {
        place.pagure.tracker.setProject(REPO, { tracker: "read-only" });
      },
      /ETRACKERREADONLY .*: make the issue tracker of /,
    ],
    [
      "unknown",
      () => {
        place.configure(["fedora-cloud/ami-reports", "fedora-cloud/nowhere"]);
      },
      /ENOPROJECT .*: check the repo fedora-cloud\/nowhere /,
    ],
  ];
  const gone = { kind: "answer", status: 410, body: "<h1>Gone</h1>" } as const;
  place.pagure.fail({ trouble: gone });
  t.match(await complaintsOf(place), [
    /^failure reports: pagure: 410 for .*: it is closed for good: set another place/,
  ]);
  for (const [what, breakIt, line] of rows) {
    place.setToken({ expiresAt: null, project: null });
    place.pagure.tracker.setProject(REPO, { tracker: "open" });
    breakIt();
    const found = await complaintsOf(place);
    t.equal(found.length, 1, what);
    t.match(found[0], /^failure reports: /, what);
    t.match(found[0], line, what);
  }
  t.same(
    place.pagure.journal.filter(({ created }) => created !== null),
    [],
    "nothing was posted",
  );
  place.setToken({ user: "kevin" });
  place.configure(["repo = ", 'operators = ["Kevin"]\nrepo = ']);
  t.match(await complaintsOf(place), [
    /^warning reports: report\.operators has Kevin, .*: make a token for a bot's account/,
  ]);
  place.configure(['kind = "pagure"', 'kind = "log"']);
  t.match(await complaintsOf(place), [
    /^warning configuration: act = "delete" with report\.kind = "log": /,
    /^warning reports: they go to the log alone/,
  ]);
});

t.test("sources that do not answer as they should are told, and those that are not configured", async (t) => {
  const place = await openInstallation(t);
  place.archive.fail({ times: Infinity, trouble: { kind: "gateway", status: 502 } });
  place.composeHost.fail({ times: Infinity, trouble: { kind: "withhold" } });
  t.match(await complaintsOf(place, () => ({ limitMs: 10_000 })), [
    /^failure datagrepper: GET http\S+\/datagrepper\/raw answered 502/,
    /^failure compose host: no answer within 10s/,
  ]);
  place.configure([place.archive.url, ""], [place.composeHost.url, ""]);
  t.match(await complaintsOf(place), [
    /^warning configuration: sources\.datagrepper is empty/,
    /^warning datagrepper: not configured: nothing is acted on without it/,
    /^warning compose host: not configured/,
  ]);
});

t.test("a compose host that keeps us out is a warning, whatever it says it with", async (t) => {
  const place = await openInstallation(t);
  const page = "<!doctype html><title>Making sure you're not a bot!</title>";
  for (const [status, body] of [
    [403, "<h1>Forbidden</h1>"],
    [401, "<h1>Unauthorized</h1>"],
    [451, "<h1>Unavailable</h1>"],
    [200, page],
  ] as const) {
    const lift = place.composeHost.fail({ times: Infinity, trouble: { kind: "answer", status, body } });
    t.match(await complaintsOf(place), [
      /^warning compose host: GET http\S+composeinfo\.json answered .*: labels cannot be confirmed: see what keeps/,
    ]);
    lift();
  }
  const lift = place.composeHost.fail({ times: Infinity, trouble: { kind: "answer", status: 404, body: page } });
  t.same(await complaintsOf(place), [], "a host need not have the newest Rawhide");
  lift();
});
