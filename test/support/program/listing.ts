import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { Test } from "tap";
import type { RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { redisSchedule } from "../../../src/adapters/redis/images/schedule.ts";
import { parseInstant, type Instant } from "../../../src/domain/time.ts";
import { runHere } from "./here.ts";
import { configFile, type Ended } from "./program.ts";
import { SettableClock } from "../world/clock.ts";
import { PERIODS } from "../world/world.ts";

/** Images that are to be made private at these instants, in one region; resolves to their ids. */
export async function addDue(
  connection: RedisConnection,
  region: string,
  dueAt: readonly Instant[],
  composeId = "Fedora-Rawhide-20261121.n.0",
): Promise<readonly string[]> {
  const schedule = redisSchedule(connection, new SettableClock(0), PERIODS);
  const decision = { kind: "delete", rule: "nightly", reason: "a nightly compose" } as const;
  return Promise.all(
    dueAt.map(async (at) => {
      made += 1;
      const amiId = `ami-${made.toString(16).padStart(17, "0")}`;
      const upload = {
        region,
        amiId,
        composeId,
        imageName: "x",
        arch: "x86_64",
        uploadedAt: at - PERIODS.privateAfterMs,
      };
      await schedule.add(upload, decision, "test");
      return amiId;
    }),
  );
}

let made = 0;

/** Runs a command line over the keys of this connection, in this process. */
export function runOver(test: Test, connection: RedisConnection, ...args: readonly string[]): Promise<Ended> {
  return runHere([...args, "--config", configFile(test, connection)]);
}

/** The JSON lines of an output; each must fit the schema, times included. */
export function linesOf(test: Test, out: string, schema: string): readonly unknown[] {
  const check = checkOf(schema);
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const value = JSON.parse(line) as unknown;
      if (!check(value)) test.fail(`${schema}: ${ajv.errorsText(check.errors)}: ${line}`);
      return value;
    });
}

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
ajv.addFormat("date-time", (text: string) => parseInstant(text) !== null);
ajv.addFormat("date", /^\d{4}-\d{2}-\d{2}$/);
const checks = new Map<string, ValidateFunction>();

function checkOf(schema: string): ValidateFunction {
  const known = checks.get(schema);
  if (known !== undefined) return known;
  const file = new URL(`../../../schemas/${schema}`, import.meta.url);
  const check = ajv.compile(JSON.parse(readFileSync(file, "utf8")) as object);
  checks.set(schema, check);
  return check;
}
