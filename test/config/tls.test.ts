import { spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { loadConfig, type Config } from "../../src/config/config.ts";
import { AUTHORITY, KEY, LOCALHOST, OTHER_KEY, OVER } from "../fixtures/certificates.ts";
import { complaintOf } from "../support/program/complaint.ts";
import { runHere } from "../support/program/here.ts";
import { isRefusal } from "../support/program/program.ts";

type Content = string | Buffer;
interface Pems {
  readonly ca?: Content;
  readonly key?: Content;
  readonly cert?: Content;
}

const GOOD: Pems = { ca: AUTHORITY, key: KEY, cert: LOCALHOST };
const NAMES = { ca: "ca_cert", key: "keyfile", cert: "certfile" } as const;

/** A configuration file beside its certificates. */
function write(test: Test, pems: Pems, top = 'amqp_url = "amqps://me:pw@broker"\n'): string {
  const parts = (["ca", "key", "cert"] as const).filter((part) => pems[part] !== undefined);
  const lines = parts.map((part) => `${NAMES[part]} = "DIR/${part}.pem"\n`).join("");
  const files = Object.fromEntries(parts.map((part) => [`${part}.pem`, pems[part] ?? ""]));
  const dir = test.testdir({ ...files, folder: {}, "c.toml": "" });
  const toml = `${top}[tls]\n${lines}`.replaceAll("DIR", dir);
  return join(test.testdir({ ...files, folder: {}, "c.toml": toml }), "c.toml");
}

function load(test: Test, pems: Pems, top?: string): Config {
  return loadConfig(write(test, pems, top), {});
}

function complaint(test: Test, pems: Pems): string {
  const file = write(test, pems);
  return complaintOf(test, () => loadConfig(file, {}))
    .replaceAll(file, "FILE")
    .replaceAll(/\S*\/(?=\w+\.pem)/g, "");
}

const der = new X509Certificate(LOCALHOST).raw;
const key = createPrivateKey(KEY);
const locked = (type: "pkcs8" | "sec1"): Content =>
  key.export({ type, format: "pem", cipher: "aes-256-cbc", passphrase: "S3CRET" });

t.test("certificate and key that fit are read, in every form that OpenSSL writes", (t) => {
  const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  const rows: readonly (readonly [string, Pems])[] = [
    ["as they are", GOOD],
    ["a key in PKCS #8", { ...GOOD, key: key.export({ type: "pkcs8", format: "pem" }) }],
    ["a key after its curve", { ...GOOD, key: parameters + KEY }],
    ["both in one file", { ...GOOD, key: LOCALHOST + KEY, cert: KEY + LOCALHOST }],
    ["with the chain, and words between", { ...GOOD, cert: `of localhost\n${LOCALHOST}é\n${AUTHORITY}` }],
    ["a bundle", { ...GOOD, ca: `# old\n${OVER}# new\n${AUTHORITY}` }],
    [
      "with Windows' ends of lines",
      {
        ca: AUTHORITY.replaceAll("\n", "\r\n"),
        key: KEY.replaceAll("\n", "\r\n"),
        cert: LOCALHOST.replaceAll("\n", "\r\n"),
      },
    ],
    ["an authority alone", { ca: AUTHORITY }],
    ["a client's certificate alone, the system's authorities", { key: KEY, cert: LOCALHOST }],
  ];
  for (const [name, pems] of rows) {
    const { tls, tlsFiles } = load(t, pems).amqp;
    t.same(Object.keys(tls), Object.keys(pems), name);
    t.same(Object.keys(tlsFiles), Object.keys(pems), name);
  }
  t.end();
});

t.test("without TLS no file of it is looked at, and an empty name is none", (t) => {
  const { tls, tlsFiles } = load(t, { ca: "rubbish", key: KEY }, 'amqp_url = "amqp://me:pw@broker"\n').amqp;
  t.same([tls, tlsFiles], [{}, {}], "so the log-in is the address' user and password");
  t.same(load(t, GOOD, 'amqp_url = "amqp://broker"\n').ignoredKeys, ["tls"]);
  const file = join(t.testdir({ "c.toml": '[tls]\nca_cert = ""\nkeyfile = ""\ncertfile = ""\n' }), "c.toml");
  t.same(loadConfig(file, {}).amqp.tls, {});
  t.same(loadConfig(file, {}).ignoredKeys, []);
  t.same(loadConfig(write(t, { key: "rubbish" }), {}, []).amqp.tls, {}, "nor for a look at what is remembered");
  t.end();
});

t.test("a mistake in the files of TLS is told before any dial: which file, what, and what to do", (t) => {
  const rows: readonly (readonly [Pems, string | RegExp])[] = [
    [
      { ...GOOD, key: OTHER_KEY },
      "tls.keyfile: file key.pem is not the key of tls.certfile cert.pem: give the two that belong together",
    ],
    [
      { ca: AUTHORITY, cert: LOCALHOST },
      "FILE: tls.certfile without tls.keyfile: the two go together: add tls.keyfile, or take tls.certfile out",
    ],
    [
      { ca: AUTHORITY, key: KEY },
      "FILE: tls.keyfile without tls.certfile: the two go together: add tls.certfile, or take tls.keyfile out",
    ],
    [
      { ...GOOD, key: locked("pkcs8") },
      /^tls\.keyfile: file key\.pem is encrypted, .*: openssl pkey -in key\.pem -out PEMFILE, and name that$/,
    ],
    [{ ...GOOD, key: locked("sec1") }, /^tls\.keyfile: file key\.pem is encrypted, /],
    [
      { ...GOOD, key: key.export({ type: "pkcs8", format: "der" }) },
      /^tls\.keyfile: file key\.pem is binary \(DER\), not PEM: openssl pkey -inform DER /,
    ],
    [
      { ...GOOD, key: LOCALHOST, cert: KEY },
      "tls.certfile: file cert.pem holds a key and no certificate: was it swapped with tls.keyfile?",
    ],
    [
      { ...GOOD, key: LOCALHOST },
      "tls.keyfile: file key.pem holds a certificate and no key: was it swapped with tls.certfile or tls.ca_cert?",
    ],
    [{ ...GOOD, ca: KEY }, "tls.ca_cert: file ca.pem holds a key and no certificate: was it swapped with tls.keyfile?"],
    [
      { ...GOOD, ca: LOCALHOST, cert: AUTHORITY },
      /^tls\.ca_cert: file ca\.pem holds no authority, .*: was it swapped with tls\.certfile\? /,
    ],
    [{ ...GOOD, cert: AUTHORITY }, /^tls\.keyfile: file key\.pem is not the key of tls\.certfile cert\.pem/],
    [
      { ...GOOD, ca: "" },
      "tls.ca_cert: file ca.pem is empty: mend tls.ca_cert in FILE, or install fedora-messaging's certificates",
    ],
    [{ ...GOOD, key: "" }, /^tls\.keyfile: file key\.pem is empty: /],
    [{ ...GOOD, ca: "rubbish" }, "tls.ca_cert: file ca.pem holds no certificate: give a PEM file"],
    [{ ...GOOD, ca: `\ufeff${AUTHORITY}` }, /^tls\.ca_cert: file ca\.pem holds no certificate: /],
    [{ ...GOOD, key: "rubbish" }, "tls.keyfile: file key.pem holds no private key: give a PEM file"],
    [
      { ...GOOD, key: key.export({ type: "pkcs8", format: "pem" }).toString().replace("M", "!") },
      /^tls\.keyfile: file key\.pem holds a key that cannot be read: /,
    ],
    [
      { ...GOOD, ca: der },
      /^tls\.ca_cert: file ca\.pem is binary \(DER\), not PEM: openssl x509 -inform DER -in ca\.pem -out PEMFILE, and name that$/,
    ],
    [{ ...GOOD, cert: der }, /^tls\.certfile: file cert\.pem is binary \(DER\), not PEM/],
    [{ ...GOOD, ca: AUTHORITY.slice(0, 200) }, /^tls\.ca_cert: file ca\.pem holds no certificate/],
    [
      { ...GOOD, ca: `${AUTHORITY}${AUTHORITY.replace("MIIB", "AAAA")}` },
      /^tls\.ca_cert: file ca\.pem holds a certificate that cannot be read: [^:]/,
    ],
  ];
  for (const [pems, line] of rows) t.match(complaint(t, pems), line, String(line));
  t.end();
});

t.test("a folder, a pipe and a file that is not there are no certificates either", (t) => {
  const place = write(t, GOOD);
  const dir = join(place, "..");
  spawnSync("mkfifo", [join(dir, "pipe")]);
  t.ok(existsSync(join(dir, "pipe")));
  for (const [name, why] of [
    ["folder", "is no file"],
    ["pipe", "is no file"],
    ["absent", "does not exist"],
  ] as const)
    for (const key of Object.values(NAMES)) {
      const both = key === "ca_cert" ? "" : `keyfile = "${dir}/key.pem"\ncertfile = "${dir}/cert.pem"\n`;
      const toml = `[tls]\n${both}${key} = "${dir}/${name}"\n`;
      const lines = toml
        .split("\n")
        .filter(
          (line, index, all) => all.findLastIndex((other) => other.split(" ")[0] === line.split(" ")[0]) === index,
        );
      const file = join(dir, "other.toml");
      writeFileSync(file, lines.join("\n"));
      t.equal(
        complaintOf(t, () => loadConfig(file, {})),
        `tls.${key}: file ${dir}/${name} ${why}: mend tls.${key} in ${file}, or install fedora-messaging's certificates`,
      );
    }
  t.end();
});

t.test("config check and consume end with 2 on such a file, and no broker is asked", async (t) => {
  const file = write(t, { ...GOOD, key: OTHER_KEY }, 'amqp_url = "amqps://me:pw@127.0.0.1:1"\n');
  for (const words of [["config", "check"], ["consume"]])
    isRefusal(
      t,
      await runHere([...words, "--config", file]),
      2,
      /tls\.keyfile: file \S+key\.pem is not the key of tls\.certfile/,
    );
});
