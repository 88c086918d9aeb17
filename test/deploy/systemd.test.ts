import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  createWriteStream,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  watch,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openLog } from "../../src/adapters/log.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import { tellSystemd } from "../../src/adapters/systemd.ts";
import { exitCode } from "../../src/cli/command/exit-codes.ts";
import { complaintFor } from "../../src/cli/terminal/complaint.ts";
import { SECRETS } from "../../src/config/environment.ts";
import { unknownIn } from "../support/docs/commands.ts";
import { ROOT } from "../support/docs/blocks.ts";
import { onPath } from "../support/program/on-path.ts";
import { MAIN } from "../support/program/program.ts";
import { silentLog } from "../support/run/log.ts";

const UNITS = ["clean-amis.service", "clean-amis-tick.service"] as const;
const FOLDER = join(ROOT, "deploy/systemd");
const PROGRAM = "/opt/clean-amis/node_modules/.bin/clean-amis";
/** Of systemd-analyze's scale from 0 to 10. */
const MOST_EXPOSED = 2;

const read = (name: string): string => readFileSync(join(FOLDER, name), "utf8");

/** All values of a key, those in comments as well when they are meant. */
function valuesOf(unit: string, key: string, commented = false): readonly string[] {
  const line = new RegExp(`^${commented ? "#?" : ""}${key}=(?<value>.*)$`, "gm");
  return [...read(unit).matchAll(line)].map(({ groups }) => groups?.["value"] ?? "");
}

interface Listener {
  readonly env: Readonly<Record<string, string>>;
  readonly file: string;
  readonly told: () => readonly string[];
}

/** What stands in the place of systemd's program, and writes down what it is told. */
function listener(dir: string, name: string): Listener {
  const [bin, file] = [join(dir, `${name}-bin`), join(dir, name)];
  mkdirSync(bin);
  writeFileSync(file, "");
  writeFileSync(join(bin, "systemd-notify"), `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> "${file}"\n`, { mode: 0o755 });
  const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}`, NOTIFY_SOCKET: "/run/there" };
  return { env, file, told: () => readFileSync(file, "utf8").trimEnd().split("\n") };
}

t.test("systemd is told that the service has begun, and twice in each WatchdogSec that it lives", async (t) => {
  const dir = t.testdir({});
  const [ours, others] = [listener(dir, "ours"), listener(dir, "others")];
  const watchdog = { WATCHDOG_USEC: "20000", WATCHDOG_PID: String(process.pid) };
  const changes = watch(ours.file);
  const stranger = tellSystemd({ ...others.env, ...watchdog, WATCHDOG_PID: "1" }, silentLog);
  const supervisor = tellSystemd({ ...ours.env, ...watchdog }, silentLog);
  while (ours.told().length < 4) await once(changes, "change");
  changes.close();
  supervisor.close();
  stranger.close();
  const [first, ...rest] = ours.told();
  t.equal(first, "/run/there --ready");
  t.same([...new Set(rest)], ["/run/there WATCHDOG=1"]);
  t.notMatch(others.told().join(), "WATCHDOG", "systemd waits for another process");
});

t.test("a WatchdogSec of months is no busy loop", async (t) => {
  const { env } = listener(t.testdir({}), "ours");
  const warnings: string[] = [];
  const warned = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", warned);
  tellSystemd({ ...env, WATCHDOG_USEC: String(100 * DAY_MS * 1000) }, silentLog).close();
  await new Promise(setImmediate);
  process.off("warning", warned);
  t.notOk(warnings.includes("TimeoutOverflowWarning"));
});

t.test("where systemd listens and cannot be told, one line of the log says so", async (t) => {
  const lines: string[] = [];
  let say = (): void => undefined;
  const said = new Promise<void>((resolve) => (say = resolve));
  const log = {
    warn: (_: object, text = "") => {
      lines.push(text);
      say();
    },
  };
  const env = { PATH: t.testdir({}), NOTIFY_SOCKET: "/run/there", WATCHDOG_USEC: "2000" };
  tellSystemd({}, log).close();
  const supervisor = tellSystemd(env, log);
  await said;
  await new Promise(setImmediate);
  supervisor.close();
  t.same(lines, ["systemd-notify failed: systemd may end the service"]);
});

t.test("lines carry the journal's priority in the journal, and nowhere else", async (t) => {
  const file = join(t.testdir({ log: "" }), "log");
  const write = async (journal: (fd: number) => string | undefined): Promise<readonly string[]> => {
    const fd = openSync(file, "w");
    const stream = Object.assign(createWriteStream("", { fd, autoClose: false }), { fd });
    const log = openLog("trace", stream, { JOURNAL_STREAM: journal(fd) });
    for (const level of ["error", "warn", "info", "debug"] as const) log[level]({}, "a word");
    stream.end();
    await once(stream, "finish");
    closeSync(fd);
    return readFileSync(file, "utf8").trimEnd().split("\n");
  };
  const here = (fd: number): string => {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return `${dev}:${ino}`;
  };
  const inJournal = await write(here);
  t.same(
    inJournal.map((line) => line.slice(0, 4)),
    ["<3>{", "<4>{", "<6>{", "<7>{"],
  );
  t.match(JSON.parse(inJournal[1]?.slice(3) ?? ""), { level: "warn", msg: "a word" });
  for (const elsewhere of [() => "1:1", () => undefined]) for (const line of await write(elsewhere)) JSON.parse(line);
});

t.test("why a program ended is an error to the journal, each line of it, and a warning is a warning", (t) => {
  const dir = t.testdir({ journal: "" });
  const config = join(dir, "config.toml");
  const words = (journal: string): readonly [string | undefined, string] => {
    const fd = openSync(join(dir, "journal"), "w");
    const { dev, ino } = fstatSync(fd, { bigint: true });
    const env = { ...process.env, JOURNAL_STREAM: journal === "here" ? `${dev}:${ino}` : journal };
    const stdio = ["ignore", "ignore", fd] as const;
    const { error } = spawnSync(process.execPath, [MAIN, "config", "check", "--config", config], {
      env,
      stdio: [...stdio],
    });
    closeSync(fd);
    return [error?.message, readFileSync(join(dir, "journal"), "utf8")];
  };
  const said = `clean-amis: configuration file ${config} does not exist: give its path with --config or FEDORA_MESSAGING_CONF\n`;
  t.same(words("here"), [undefined, `<3>${said}`]);
  for (const elsewhere of ["1:1", ""]) t.same(words(elsewhere), [undefined, said]);
  t.equal(complaintFor({ fd: 0 }, "one\ntwo", "error", {}), "one\ntwo");
  const { dev, ino } = fstatSync(0, { bigint: true });
  t.equal(complaintFor({ fd: 0 }, "one\ntwo", "warn", { JOURNAL_STREAM: `${dev}:${ino}` }), "<4>one\n<4>two");
  t.end();
});

t.test("the units start what there is, with each secret as a credential, and leave the service time to end", (t) => {
  for (const unit of UNITS) {
    const [start = ""] = valuesOf(unit, "ExecStart");
    t.ok(start.startsWith(`${PROGRAM} `), start);
    t.equal(unknownIn(start.replace(PROGRAM, "clean-amis")), null);
    const credentials = valuesOf(unit, "LoadCredential", true).map((value) => value.split(":")[0]);
    const variables = valuesOf(unit, "Environment", true).filter((value) => value.includes("_FILE="));
    const named = new Map(variables.map((value) => value.split("_FILE=%d/") as [string, string]));
    t.same([...named.keys()].sort(), SECRETS.filter((name) => name !== "AWS_ACCESS_KEY").sort());
    t.same(credentials.filter((name) => name !== "broker-key").sort(), [...named.values()].sort());
    const live = new Set(valuesOf(unit, "LoadCredential").map((value) => value.split(":")[0]));
    for (const value of valuesOf(unit, "Environment"))
      if (value.includes("_FILE=")) t.ok(live.has(value.split("%d/")[1]), `${value} is loaded`);
    t.ok(Number(valuesOf(unit, "TimeoutStopSec")[0]) > 10, "it cuts itself off after eight seconds");
  }
  t.same(valuesOf("clean-amis.service", "RestartPreventExitStatus"), [String(exitCode("usage"))]);
  t.end();
});

t.test("a shell that reads the units' neighbour is given what the service is given", (t) => {
  const files = valuesOf("clean-amis.service", "Environment").filter((value) => value.includes("_FILE="));
  const wanted = files.map((value) => value.replace("%d", "/etc/clean-amis/credentials"));
  const given = [...read("shell").matchAll(/^export (?<words>\w+_FILE=.*)$/gm)].map(({ groups }) => groups?.["words"]);
  t.same(given, wanted);
  const config = /--config (?<file>\S+)/.exec(valuesOf("clean-amis.service", "ExecStart")[0] ?? "")?.groups?.["file"];
  t.match(read("shell"), `export FEDORA_MESSAGING_CONF=${String(config)}\n`);
  t.end();
});

t.test("systemd itself finds nothing wrong with the units, and at most a little exposed", (t) => {
  const tool = onPath("systemd-analyze");
  if (tool === null) {
    t.plan(0, "there is no systemd-analyze here");
    return;
  }
  const dir = t.testdir({});
  for (const unit of [...UNITS, "clean-amis-tick.timer"])
    writeFileSync(join(dir, unit), read(unit).replaceAll(PROGRAM, `${process.execPath} ${MAIN}`));
  const units = [join(dir, "clean-amis.service"), join(dir, "clean-amis-tick.timer")];
  const { stderr } = spawnSync(tool, ["verify", "--man=no", ...units], { encoding: "utf8" });
  // Of systemd 254: an older one passes over them.
  const known = /^.*Unknown key (?:name )?'Restart(?:Steps|MaxDelaySec)'.*\n/gm;
  const ours = stderr.replaceAll(known, "").split("\n");
  t.same(
    ours.filter((line) => line.includes("clean-amis")),
    [],
  );
  for (const unit of UNITS) {
    const words = ["security", "--no-pager", "--offline=true", join(dir, unit)];
    const text = execFileSync(tool, words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const level = Number(/Overall exposure level for \S+: (?<level>[\d.]+)/.exec(text)?.groups?.["level"]);
    t.ok(level <= MOST_EXPOSED, `${unit}: ${level}`);
  }
  t.end();
});
