import t from "tap";
import { configFile, runProgram } from "../support/program/program.ts";
import { forbidding } from "../support/run/imports.ts";
import { openTestRedis } from "../support/servers/redis/redis.ts";

const EC2 = ["@aws-sdk", "@smithy"];
const SERVERS = [...EC2, "ioredis", "amqplib", "pino"];
/** What makes the check of a schema: the build has, so no command does. */
const MAKER = "ajv/dist/2020.js";
const COMPOSE = "Fedora-Rawhide-20260122.n.0";

t.test("commands that need no EC2 do not load its SDK, and those that need no server load no client", async (t) => {
  const config = configFile(t, await openTestRedis(t));
  const messages = `${config}.none`;
  const rows: readonly (readonly [readonly string[], readonly string[], number])[] = [
    [[...SERVERS, "ajv"], ["--help"], 0],
    [[...SERVERS, "ajv"], ["help", "tick"], 0],
    [[...SERVERS, "ajv"], ["help", "--man"], 0],
    [[...SERVERS, "ajv"], ["tick", "--help"], 0],
    [[...SERVERS, "ajv"], ["completion", "bash"], 0],
    [[...SERVERS, "ajv"], ["classify", COMPOSE], 0],
    [SERVERS, ["classify", COMPOSE, "--policy", config], 0],
    [[...SERVERS, MAKER], ["config", "check", "--config", config], 0],
    [SERVERS, ["config", "show", "--config", config], 0],
    [[...SERVERS, "ajv"], ["config", "keys"], 0],
    [SERVERS, ["replay", messages, "--config", config], 2],
    [[...EC2, "amqplib"], ["explain", COMPOSE, "--config", config], 1],
    [[...EC2, "amqplib", MAKER], ["report", "--config", config], 0],
    [[...EC2, "amqplib"], ["pause", "--reason", "a test", "--config", config], 0],
    [[...EC2, "amqplib"], ["resume", "--config", config], 0],
    [[...EC2, "amqplib"], ["release", "ami-0a1a3731a749a16db", "--config", config], 2],
  ];
  for (const [forbidden, args, code] of rows) {
    const ended = await runProgram(t, args, { nodeArgs: forbidding(forbidden) });
    t.equal(ended.code, code, args.join(" "));
    t.notMatch(ended.err, /FORBIDDEN|bug/, args.join(" "));
  }
  const caught = await runProgram(t, ["explain", COMPOSE, "--config", config], { nodeArgs: forbidding(["ioredis"]) });
  t.match(caught.err, /FORBIDDEN ioredis/, "what is loaded would be seen");
});
