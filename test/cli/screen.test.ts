import t, { type Test } from "tap";
import type { RedisConnection } from "../../src/adapters/redis/connection.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { addDue } from "../support/program/listing.ts";
import { configFile, MAIN } from "../support/program/program.ts";
import { findTmux, Terminal } from "../support/program/tmux.ts";
import { openTestRedis, serverUrl } from "../support/servers/redis/redis.ts";

t.setTimeout(300_000);

const tmux = await findTmux();
const skip = "missing" in tmux ? tmux.missing : false;

/** A shell on a screen, where `clean-amis` is the program over these keys. */
async function openShell(
  t: Test,
  connection: RedisConnection,
  columns: number,
  more: Record<string, string> = {},
): Promise<Terminal> {
  const config = configFile(t, connection);
  const env = { REDIS_URL: serverUrl("TEST_REDIS_URL"), FEDORA_MESSAGING_CONF: config, ...more };
  const program = "program" in tmux ? tmux.program : "tmux";
  const terminal = await Terminal.open(t, program, { columns, rows: 30, env });
  await terminal.type(`alias clean-amis='"${process.execPath}" "${MAIN}"'; clear`);
  return terminal;
}

t.test("on a screen of 80 columns the list has its deadlines in UTC, what is overdue in red", { skip }, async (t) => {
  const connection = await openTestRedis(t);
  const [overdue = "", late = ""] = await addDue(connection, "us-east-1", [
    Date.now() - 90 * MINUTE_MS,
    Date.now() + 8 * DAY_MS + 12 * HOUR_MS,
  ]);
  const terminal = await openShell(t, connection, 80);
  await terminal.type("clean-amis queue; echo code=$?");
  const screen = await terminal.shows(/code=0/);
  t.match(screen, /DUE +QUEUE +REGION +AMI +AT \(UTC\)\n/);
  t.match(screen, new RegExp(`\\n1h\\d+m ago +private +us-east-1 +${overdue} \\d{4}-\\d\\d-\\d\\dT[\\d:]+Z\\n`));
  t.match(screen, new RegExp(`\\nin 8d1[12]h +private +us-east-1 +${late} `));
  t.match(await terminal.screen(true), /\u001b\[31m(?:\u001b\[\d+m)*1h\d+m ago/);
});

t.test("on a screen of 40 columns the list still says when, what and which", { skip }, async (t) => {
  const connection = await openTestRedis(t);
  const [overdue = ""] = await addDue(connection, "us-east-1", [Date.now() - 90 * MINUTE_MS]);
  const terminal = await openShell(t, connection, 40);
  await terminal.type("clean-amis queue; echo code=$?");
  const screen = await terminal.shows(/code=0/);
  t.match(screen, new RegExp(`DUE +QUEUE +AMI\\n1h\\d+m ago +private ${overdue}\\n`), "in one line each");
});

t.test("with NO_COLOR, and on a dumb terminal, nothing is coloured", { skip }, async (t) => {
  const connection = await openTestRedis(t);
  await addDue(connection, "us-east-1", [Date.now() - 90 * MINUTE_MS]);
  const terminal = await openShell(t, connection, 80);
  for (const [index, way] of ["NO_COLOR=1", "TERM=dumb"].entries()) {
    await terminal.type(
      `clear; ${way} clean-amis queue; echo code${index}=$?`.replace(" clean-amis", ` "${process.execPath}" "${MAIN}"`),
    );
    await terminal.shows(new RegExp(`code${index}=0`));
    t.notMatch(await terminal.screen(true), /\u001b\[31m/, way);
  }
});

t.test("--watch draws what is new, and Ctrl-C ends it with 0", { skip }, async (t) => {
  const connection = await openTestRedis(t);
  const [first = ""] = await addDue(connection, "us-east-1", [Date.now() + HOUR_MS]);
  const terminal = await openShell(t, connection, 80);
  await terminal.type("clean-amis queue --watch=0.5; echo code=$?");
  await terminal.shows(new RegExp(`clean-amis queue, every 0\\.5 s, [^]*${first}`));
  const [second = ""] = await addDue(connection, "eu-west-1", [Date.now() + HOUR_MS / 2]);
  await terminal.shows(new RegExp(`${second}[^]*${first}`));
  await terminal.press("C-c");
  const screen = await terminal.shows(/code=\d/);
  t.match(screen, /code=0\n/);
  t.notMatch(screen, /interrupted| at /);
});

t.test("a person is asked before anything is purged", { skip }, async (t) => {
  const connection = await openTestRedis(t);
  const { redis, keys } = connection;
  const id = (await redis.xadd(keys.rejected, "*", "reason", "x", "body", "y")) ?? "";
  const terminal = await openShell(t, connection, 80);
  await terminal.type(`clean-amis rejected purge ${id}; echo code=$?`);
  await terminal.shows(/forget 1 of 1 messages that were not understood\? \[y\/N\]/);
  await terminal.type("n");
  await terminal.shows(/not\s+confirmed;\s+nothing is done\s+code=2/);
  t.equal(await redis.xlen(keys.rejected), 1);
  // The question above stands there until the screen is cleared.
  await terminal.type(`clear; echo again; clean-amis rejected purge ${id}; echo code=$?`);
  await terminal.shows(/again[^]*\[y\/N\]/);
  await terminal.type("y");
  await terminal.shows(/1 purged, 0 left\ncode=0/);
  t.equal(await redis.xlen(keys.rejected), 0);
});
