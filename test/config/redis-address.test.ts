import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { loadConfig } from "../../src/config/config.ts";
import { risksOf } from "../../src/config/risks.ts";
import { readRedisAddress, showRedisAddress, type RedisAddress } from "../../src/config/redis/address.ts";
import { settingsOf, settingsToml } from "../../src/config/show.ts";
import { complaintOf } from "../support/program/complaint.ts";

const PLAIN: RedisAddress = {
  form: "alone",
  isTls: false,
  user: "",
  password: "",
  hosts: [],
  path: "",
  master: "",
  database: 0,
};
const [A, B] = [
  { host: "a", port: 1 },
  { host: "b", port: 2 },
];

t.test("an address says which Redis, in each form", (t) => {
  const rows: readonly (readonly [string, Partial<RedisAddress>, shown?: string])[] = [
    ["redis://a:1", { hosts: [A] }],
    ["redis://a:1/0", { hosts: [A] }, "redis://a:1"],
    ["redis://a", { hosts: [{ host: "a", port: 6379 }] }, "redis://a:6379"],
    ["redis://", { hosts: [{ host: "localhost", port: 6379 }] }, "redis://localhost:6379"],
    [
      "rediss://me:p%40ss@a:1/3",
      { isTls: true, user: "me", password: "p@ss", hosts: [A], database: 3 },
      "rediss://***@a:1/3",
    ],
    ["redis://:p@s:s@[::1]:7", { password: "p@s:s", hosts: [{ host: "::1", port: 7 }] }, "redis://***@[::1]:7"],
    [
      "redis+sentinel://a:1,b:2/main",
      { form: "sentinel", hosts: [A, B], master: "main" },
      "redis+sentinel://a:1,b:2/main/0",
    ],
    [
      "rediss+sentinel://u:p@a,b:2/my%2Fmain/4",
      {
        form: "sentinel",
        isTls: true,
        user: "u",
        password: "p",
        hosts: [{ host: "a", port: 26379 }, B],
        master: "my/main",
        database: 4,
      },
      "rediss+sentinel://***@a:26379,b:2/my/main/4",
    ],
    ["redis+cluster://a:1,b:2", { form: "cluster", hosts: [A, B] }],
    [
      "rediss+cluster://:p@a:1/",
      { form: "cluster", isTls: true, password: "p", hosts: [A] },
      "rediss+cluster://***@a:1",
    ],
    ["redis+unix:///run/redis.sock", { form: "socket", path: "/run/redis.sock" }],
    [
      "redis+unix://:p@/run/r.sock?db=2",
      { form: "socket", password: "p", path: "/run/r.sock", database: 2 },
      "redis+unix://***@/run/r.sock?db=2",
    ],
  ];
  for (const [text, said, shown = text] of rows) {
    const address = readRedisAddress("here", text);
    t.same(address, { ...PLAIN, ...said }, text);
    t.equal(showRedisAddress(address), shown);
  }
  t.end();
});

t.test("what an address cannot mean is refused by a sentence that shows none of its secrets", (t) => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ["", /^here: an address like redis:\/\/host/],
    ["http://a", /an address like/],
    ["redis+sentinal://a/m", /an address like/],
    ["redis://a b", /an address like/],
    ["redis://:S3CRET@a?family=6", /^here: option family is not read: take it out/],
    ["redis://:S3CRET@a?tls=false&db=1", /option tls is not read/],
    ["redis+cluster://a?password=S3CRET", /option password is not read/],
    ["redis+unix:///s?db=1&db=2", /option db is not read/],
    ["redis+unix:///s?a%0ab=S3CRET", /option "a\\nb" is not read/],
    ["redis://:S3#CRET@a", /write %23/],
    ["redis://:S3%CRET@a", /write %25/],
    ["redis://a,b", /several hosts go with redis\+sentinel or redis\+cluster/],
    ["redis://a:0", /a port is a number from 1 to 65535/],
    ["redis://a:99999", /a port is a number/],
    ["redis://a:x", /a host cannot be read/],
    ["redis+cluster://a,,b", /a host cannot be read/],
    ["redis+cluster://", /a host cannot be read/],
    ["redis://a/main", /the database is a number/],
    ["redis://a/0/1", /a database, and no more/],
    ["redis+cluster://a/1", /a Cluster has the database 0 alone/],
    ["redis+sentinel://a", /the master's name.* is missing/],
    ["redis+sentinel://a//0", /the master's name.* is missing/],
    ["redis+sentinel://a/m/0/1", /and no more/],
    ["redis+unix://host/run/s", /a socket has no host/],
    ["redis+unix:///", /the socket's path is missing/],
    ["rediss+unix:///s", /an address like/],
  ];
  for (const [index, [text, line]] of rows.entries()) {
    t.throws(() => readRedisAddress("here", text), { name: "ConfigError", message: line }, `row ${index + 1}`);
    t.throws(() => readRedisAddress("here", text), { message: /^(?!.*S3C)[^\n]*$/ });
  }
  t.end();
});

t.test("sentinels have a user, a password and certificates of their own, each from a file as well", (t) => {
  const dir = t.testdir({
    "c.toml": `[consumer_config]
redis_url = "rediss+sentinel://:theirs@far,near/main"
redis_tls.ca_cert = "${t.testdirName}/ca.pem"
[consumer_config.redis_sentinel]
tls = "off"
password = "inFile"
`,
    "ca.pem": "PEM",
    user: "watch\n",
    password: "pass\n",
  });
  const file = join(dir, "c.toml");
  const given = { REDIS_SENTINEL_USER_FILE: join(dir, "user"), REDIS_SENTINEL_PASSWORD_FILE: join(dir, "password") };
  const { redis } = loadConfig(file, given, []);
  t.match(redis, {
    address: { password: "theirs", isTls: true },
    sentinel: { user: "watch", password: "pass", isTls: false },
  });
  t.equal(redis.sentinel.files.caCert, join(dir, "ca.pem"), "the authority is the same where no other is named");
  const config = loadConfig(file, {}, []);
  t.match(config.redis.sentinel, { user: "", password: "inFile" });
  t.match(risksOf(config), [/redis_sentinel\.tls/]);
  t.notMatch(settingsToml(settingsOf(file, given)), /inFile|theirs|"pass"/);
  const complain = (line: string): string => {
    writeFileSync(file, `[consumer_config]\n${line}\n`);
    return complaintOf(t, () => loadConfig(file, {}, []));
  };
  t.match(complain('redis_tls.certfile = "/nowhere"'), /redis_tls: certfile and keyfile go together/);
  t.match(complain('redis_sentinel.ca_cert = "/nowhere"'), /redis_sentinel\.ca_cert: file \/nowhere does not exist/);
  t.end();
});
