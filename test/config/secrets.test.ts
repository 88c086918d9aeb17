import { join } from "node:path";
import type { Test } from "tap";
import t from "tap";
import { loadConfig, type Config } from "../../src/config/config.ts";
import { showRedisAddress } from "../../src/config/redis/address.ts";
import { complaintOf } from "../support/program/complaint.ts";
import { SECRET } from "../support/run/secrets.ts";

type Environment = Parameters<typeof loadConfig>[1];

const PAGURE = '[consumer_config.report]\nkind = "pagure"\nrepo = "releng/ami-reports"\n';
/** What is said of an address of no form. */
const ADDRESSES =
  "an address like redis://host:6379/0, redis+sentinel://host:26379,host:26379/MASTER/0, " +
  "redis+cluster://host:6379,host:6379, redis+unix:///run/redis/redis.sock, or with rediss for redis";
const FILES = {
  secret: `  ${SECRET}\n`,
  amqp: "amqp://me:S3CRET@broker/\n",
  redis: "redis://:S3CRET@redis/1\n",
  key: "AKIDFILE\n",
  token: "TOKEN\n",
  empty: " \n",
};

/** A configuration file beside files with secrets; `$DIR` in the environment is their folder. */
function load(test: Test, toml: string, env: Environment = {}): Config {
  const dir = test.testdir({ "c.toml": toml, ...FILES });
  const entries = Object.entries(env).map(([name, value]) => [name, value?.replace("$DIR", dir)]);
  return loadConfig(join(dir, "c.toml"), Object.fromEntries(entries) as Environment);
}

function complaint(test: Test, toml: string, env: Environment): string {
  const message = complaintOf(test, () => load(test, toml, env));
  test.notMatch(message, SECRET, "no secret in it");
  return message.replaceAll(/\S*\/c\.toml/g, "FILE").replaceAll(/\S*\/(?=empty)/g, "");
}

t.test("each secret comes from the environment, from a file that the environment names, or from nowhere else", (t) => {
  const given = load(t, PAGURE, {
    PAGURE_ACCESS_TOKEN: SECRET,
    AMQP_URL: "amqp://broker",
    REDIS_URL: "redis://redis",
  });
  t.same(
    [given.report.token, given.amqp.url, showRedisAddress(given.redis.address)],
    [SECRET, "amqp://broker", "redis://redis:6379"],
  );
  const named = load(t, PAGURE, {
    PAGURE_ACCESS_TOKEN_FILE: "$DIR/secret",
    AMQP_URL_FILE: "$DIR/amqp",
    REDIS_URL_FILE: "$DIR/redis",
  });
  t.same([named.report.token, named.amqp.url, named.redis.address.password], [SECRET, FILES.amqp.trim(), "S3CRET"]);
  const both = load(t, PAGURE, { PAGURE_ACCESS_TOKEN: "direct", PAGURE_ACCESS_TOKEN_FILE: "/nowhere" });
  t.equal(both.report.token, "direct", "what is given directly wins");
  const neither = load(t, "[consumer_config]\nredis_url = 'redis://there'\n", { REDIS_URL: "", REDIS_URL_FILE: "" });
  t.equal(showRedisAddress(neither.redis.address), "redis://there:6379", "an empty variable is none");
  t.end();
});

t.test("a secret's file that is missing or empty is named, and a wrong address is not shown", (t) => {
  const rows: readonly (readonly [Environment, string])[] = [
    [
      { PAGURE_ACCESS_TOKEN_FILE: "/nowhere/token" },
      "PAGURE_ACCESS_TOKEN_FILE: file /nowhere/token does not exist: mend PAGURE_ACCESS_TOKEN_FILE",
    ],
    [{ REDIS_URL_FILE: "$DIR/empty" }, "REDIS_URL_FILE: file empty is empty: mend REDIS_URL_FILE"],
    [{ AMQP_URL_FILE: "$DIR/empty" }, "AMQP_URL_FILE: file empty is empty: mend AMQP_URL_FILE"],
    [{ AMQP_URL: "http://me:S3CRET@broker" }, "AMQP_URL: an address like amqps://host/vhost"],
    [{ REDIS_URL: "redis//:S3CRET@redis" }, `REDIS_URL: ${ADDRESSES}`],
  ];
  for (const [env, line] of rows) t.equal(complaint(t, "[consumer_config]\n", env), line);
  t.end();
});

t.test("Pagure needs a project and a token, and says so", (t) => {
  const token = { PAGURE_ACCESS_TOKEN: SECRET };
  const rows: readonly (readonly [string, Environment, RegExp])[] = [
    [
      '[consumer_config.report]\nkind = "pagure"\n',
      token,
      /^FILE: missing key consumer_config\.report\.repo: the Pagure project/,
    ],
    [PAGURE, {}, /^PAGURE_ACCESS_TOKEN is not set: a token with issue_create and issue_comment, or its file in /],
    [
      `${PAGURE}url = "pagure.io"\n`,
      token,
      /^FILE: consumer_config\.report\.url = "pagure\.io": an http or https address/,
    ],
    [`${PAGURE}url = ""\n`, token, /^FILE: missing key consumer_config\.report\.url/],
    [`${PAGURE}repo = "x"\n`, token, /^FILE:4:\d+: not TOML: /],
    [PAGURE.replace("releng/ami-reports", "a b"), token, /^FILE: consumer_config\.report\.repo = "a b": /],
    [`${PAGURE}allow_delete_without_public_notice = true\n`, token, /goes only with kind = "log"$/],
    [
      `${PAGURE}tags = ["a", "b", " a "]\n`,
      token,
      /^FILE: consumer_config\.report\.tags has "a" twice: .*name it once$/,
    ],
    [`${PAGURE}tags = ["a,b"]\n`, token, /^FILE: consumer_config\.report\.tags\.0 = "a,b": /],
  ];
  for (const [toml, env, line] of rows) t.match(complaint(t, toml, env), line, toml);
  t.end();
});

t.test("Forgejo needs its address, owner/repo and a token of its own, and says so", (t) => {
  const token = { FORGEJO_ACCESS_TOKEN: SECRET };
  const forgejo = (more: string): string => `[consumer_config.report]\nkind = "forgejo"\n${more}`;
  const at = 'url = "https://forge.example"\n';
  const also = (kind: string): string =>
    `[consumer_config.report.also]\nkind = "${kind}"\nurl = "https://pagure.io"\nrepo = "old"\n`;
  const whole = forgejo(`${at}repo = "a/b"\n`);
  const rows: readonly (readonly [string, Environment, RegExp])[] = [
    [forgejo('repo = "a/b"\n'), token, /^FILE: consumer_config\.report\.url is Pagure's: set Forgejo's address/],
    [forgejo(at), token, /^FILE: missing key consumer_config\.report\.repo: the Forgejo project/],
    [
      forgejo(`${at}repo = "ami-reports"\n`),
      token,
      /^FILE: consumer_config\.report\.repo is "ami-reports": in Forgejo it is owner/,
    ],
    [
      whole,
      { PAGURE_ACCESS_TOKEN: SECRET },
      /^FORGEJO_ACCESS_TOKEN is not set: a token with read:user and write:issue, or/,
    ],
    [whole + also("pagure"), token, /^PAGURE_ACCESS_TOKEN is not set: /],
    [
      whole + also("forgejo"),
      token,
      /^FILE: consumer_config\.report\.also goes only with reports in another kind of forge/,
    ],
    [whole + also(""), token, /^FILE: missing key consumer_config\.report\.also\.kind: pagure or forgejo$/],
    [
      '[consumer_config.report]\noperators_team = "releng/ami-keepers"\n',
      token,
      /^FILE: consumer_config\.report\.operators_team goes only with kind = "forgejo": name the accounts in report\.op/,
    ],
    [
      `${whole}operators_team = "ami-keepers"\n`,
      token,
      /^FILE: consumer_config\.report\.operators_team = "ami-keepers": must match/,
    ],
    [`[consumer_config]\n${also("pagure")}`, token, /^FILE: consumer_config\.report\.also goes only with/],
    [
      whole + also("pagure").replace('"old"', '""'),
      token,
      /^FILE: missing key consumer_config\.report\.also\.repo: the Pagure/,
    ],
  ];
  for (const [toml, env, line] of rows) t.match(complaint(t, toml, env), line, toml);
  const both = load(t, whole + also("pagure"), { ...token, PAGURE_ACCESS_TOKEN: "other" });
  t.match(both.report, {
    token: SECRET,
    isPublic: true,
    also: { kind: "pagure", repo: "old", token: "other", operators: [] },
  });
  t.equal(load(t, whole, token).report.also, null);
  t.end();
});

t.test("only a post that the public can read counts as notice, unless somebody says otherwise in the file", (t) => {
  const log = '[consumer_config.report]\nkind = "log"\n';
  const rows = [
    [PAGURE, true],
    [log, false],
    ["[consumer_config]\n", false],
    [`${log}allow_delete_without_public_notice = true\n`, true],
  ] as const;
  for (const [toml, isPublic] of rows)
    t.equal(load(t, toml, { PAGURE_ACCESS_TOKEN: SECRET }).report.isPublic, isPublic, toml);
  t.end();
});

t.test(
  "AWS's keys are read from the environment or from files, the old script's names where AWS's own are not set",
  (t) => {
    const old = { AWS_ACCESS_KEY: "AKIDOLD", AWS_SECRET_ACCESS_KEY: SECRET };
    const pair = { accessKeyId: "AKIDOLD", secretAccessKey: SECRET };
    const own = { AWS_ACCESS_KEY_ID: "AKIDNEW", AWS_SECRET_ACCESS_KEY: SECRET };
    const inFiles = { AWS_ACCESS_KEY_ID_FILE: "$DIR/key", AWS_SECRET_ACCESS_KEY_FILE: "$DIR/secret" };
    const rows: readonly (readonly [string, Environment, object | null])[] = [
      ["old names", old, pair],
      ["old names in files", { AWS_ACCESS_KEY: "AKIDOLD", AWS_SECRET_ACCESS_KEY_FILE: "$DIR/secret" }, pair],
      ["new names", own, { ...pair, accessKeyId: "AKIDNEW" }],
      ["new names as well", { ...old, ...own }, { ...pair, accessKeyId: "AKIDNEW" }],
      ["new names in files", inFiles, { ...pair, accessKeyId: "AKIDFILE" }],
      [
        "a session's token in a file",
        { ...inFiles, AWS_SESSION_TOKEN_FILE: "$DIR/token" },
        { ...pair, accessKeyId: "AKIDFILE", sessionToken: "TOKEN" },
      ],
      ["a session's token", { ...own, AWS_SESSION_TOKEN: "T" }, { ...pair, accessKeyId: "AKIDNEW", sessionToken: "T" }],
      ["a profile", { ...old, ...own, ...inFiles, AWS_PROFILE: "releng" }, null],
      ["half a pair", { AWS_ACCESS_KEY: "AKIDOLD" }, null],
      ["half a new pair", { AWS_ACCESS_KEY_ID: "AKIDNEW" }, null],
      ["nothing", {}, null],
    ];
    for (const [what, env, expected] of rows)
      t.same(load(t, "[consumer_config]\n", env).ec2.credentials, expected, what);
    const missing = { AWS_ACCESS_KEY_ID_FILE: "/nowhere/key" };
    t.match(
      complaint(t, "[consumer_config]\n", missing),
      /^AWS_ACCESS_KEY_ID_FILE: file \/nowhere\/key does not exist: /,
    );
    t.end();
  },
);
