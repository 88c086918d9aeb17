import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import t, { type Test } from "tap";
import { redisHearing } from "../../../src/adapters/redis/control/hearing.ts";
import { redisPulse } from "../../../src/adapters/redis/control/pulse.ts";
import { firstProgram } from "../../../src/demo/servers/programs.ts";
import { held } from "../../../src/domain/image/holding.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { serverUrl } from "../../support/servers/redis.ts";
import { addNightly, openWorld, START, UPLOADER, type World } from "../../support/world/world.ts";

const execute = promisify(execFile);

/** A command of the section with the answer that is printed below it. */
interface Question {
  readonly command: string;
  readonly answer: string;
}

/** redis-cli or valkey-cli; null when Redis came by its address and neither is on this machine. */
const REDIS_CLI =
  process.env["TEST_REDIS_CLI"] || firstProgram(["redis-cli", "valkey-cli"], (process.env["PATH"] ?? "").split(":"));

/** The section's questions: each heading sentence has one `console` block, with a `$` before each command. */
function blocksOf(readme: string): readonly (readonly Question[])[] {
  const section = /^## Inspecting with redis-cli\n(?<text>[^]*?)^## /m.exec(readme)?.groups?.["text"] ?? "";
  return [...section.matchAll(/^```console\n(?<block>[^]*?)^```/gm)].map((found) =>
    (found.groups?.["block"] ?? "")
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [command = "", ...answer] = text.split("\n");
        return { command, answer: answer.join("\n").trimEnd() };
      }),
  );
}

/** The data set that the README speaks of: a life of three nightlies, a release, a hold, and an empty message. */
async function schedule(t: Test): Promise<World> {
  const world = await openWorld(t);
  const [first, second, third] = [addNightly(world, 1), addNightly(world, 2), addNightly(world, 3)];
  const ga = { compose_id: "Fedora-43-20261120.0", compose_type: "production", compose_label: "RC-1.6" };
  await world.hear("pungi.compose.status.change", { ...ga, status: "FINISHED" });
  await world.hear(UPLOADER, first.message);
  world.clock.advance(DAY_MS);
  await world.hear(UPLOADER, second.message);
  await world.hear(UPLOADER, { ...ga, image_name: "x", regions: { "us-east-1": "ami-000000000000000aa" } });
  world.clock.advance(4 * DAY_MS);
  await world.tick();
  await world.report();
  world.clock.advance(DAY_MS);
  await world.tick();
  await world.report();
  await world.hear(UPLOADER, third.message);
  await world.hear(UPLOADER, { ...third.message, regions: { "eu-west-1": third.amiId } });
  const image = await world.tickParts.schedule.get("eu-west-1", third.amiId);
  if (image === null) throw new Error("the image to hold is not there");
  const hold = { by: "relengbot", why: "bisecting a kernel bug", since: world.clock.now(), until: START + 30 * DAY_MS };
  const change = held(hold, "public");
  await world.tickParts.schedule.change(image, { ...change, wait: { queue: "held", wakeAt: hold.until } });
  await world.hear(UPLOADER, {});
  const now = world.clock.now();
  await redisHearing(world.connection).remember({ heardUntil: now, runId: "0", wholeAt: START });
  await redisPulse(world.connection).beat("releng01-5f0c2a9d", now, { tick: now, message: now, notice: now });
  return world;
}

/** What differs from run to run: ids that Redis makes from its own clock, and numbers of messages. */
function normalised(answer: string): string {
  return answer.replaceAll(/\b\d{13}-\d+\b/g, "ID").replaceAll(/\bmessage-\d+\b/g, "MESSAGE");
}

t.test(
  "every answer in the README's section on redis-cli is what the real redis-cli says",
  { skip: REDIS_CLI === null ? "no redis-cli is on this machine, and Redis was given by its address" : false },
  async (t) => {
    const blocks = blocksOf(readFileSync(new URL("../../../../README.md", import.meta.url), "utf8"));
    t.ok(blocks.length >= 10, `${blocks.length} questions`);
    const { connection } = await schedule(t);
    const prefix = connection.keys.format.replace(/:format$/, "");
    // What people type at a terminal: its answers are written for people.
    const bin = t.testdir({ "redis-cli": `#!/bin/sh\nexec "$CLI" --no-raw -u "$URL" "$@"\n` });
    await chmod(join(bin, "redis-cli"), 0o755);
    const path = `${bin}:${process.env["PATH"] ?? ""}`;
    const env = { PATH: path, CLI: REDIS_CLI ?? "", URL: serverUrl("TEST_REDIS_URL"), LC_ALL: "C" };
    for (const { command, answer } of blocks.flat()) {
      const typed = command.replaceAll("clean-amis:", `${prefix}:`);
      const { stdout, stderr } = await execute("/bin/sh", ["-c", typed], { env });
      t.equal(stderr, "", command);
      const said = stdout.trimEnd().replaceAll(`${prefix}:`, "clean-amis:");
      t.equal(normalised(said), normalised(answer), command);
    }
  },
);
