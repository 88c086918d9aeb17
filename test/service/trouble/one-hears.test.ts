import { Redis } from "ioredis";
import t from "tap";
import { keysOf } from "../../../src/adapters/redis/keys.ts";
import { startDatagrepper } from "../../../src/demo/outside/datagrepper/double.ts";
import { DAY_MS, HOUR_MS, SECOND_MS } from "../../../src/domain/time.ts";
import { limitFor } from "../../support/run/limit.ts";
import { openBench, until } from "../../support/servers/broker/bus.ts";
import { serverUrl } from "../../support/servers/redis/redis.ts";

/** It waits for leases and limits of minutes; `npm run chaos` plays it, and test/hear the same with a clock of its own. */
const skip = process.env["CHAOS_HEARS"] === undefined && "waits for minutes: npm run chaos";
limitFor(t, "CHAOS_HEARS");

t.test(
  "a replica that is killed in the long reading is followed by another, which goes on there and hears what is new",
  { skip },
  async (t) => {
    const archive = await startDatagrepper();
    t.teardown(() => archive.close());
    const bench = await openBench(t, serverUrl("TEST_REDIS_URL"), { datagrepperUrl: archive.url });
    const redis = new Redis(bench.at.redisUrl);
    t.teardown(() => redis.quit());
    const keys = keysOf(bench.at.prefix);
    const at = async (field: string): Promise<number> =>
      Date.parse((await redis.hget(keys.control("ears"), field)) ?? "");

    const first = await bench.start();
    await first.line((line) => line.msg === "heard everything");
    const isOldUpload = (query: URLSearchParams): boolean =>
      Number(query.get("start")) * SECOND_MS < Date.now() - 30 * HOUR_MS &&
      query.getAll("category").includes("fedora_image_uploader");
    const lift = archive.fail({
      times: Infinity,
      trouble: { kind: "withhold" },
      when: (_, query) => isOldUpload(query),
    });
    const long = new Date(Date.now() - 3 * DAY_MS).toISOString();
    await redis.hset(keys.control("ears"), "whole_at", long);
    const next = (): Promise<string | null> => redis.hget(keys.control("ears:whole"), "next");
    await until("two days of facts are read", async () => (await next()) === "2");
    const hung = Date.now();
    await until("what is new is heard meanwhile", async () => (await at("heard_until")) > hung);

    const second = await bench.start();
    await first.end("SIGKILL");
    lift();
    const seen = archive.journal.length;
    await second.line((line) => line.msg === "heard the whole first window again");
    t.ok((await at("whole_at")) > Date.now() - HOUR_MS);
    const old = archive.journal
      .slice(seen)
      .map(({ query }) => new URLSearchParams(query))
      .filter((query) => Number(query.get("start")) * SECOND_MS < Date.now() - 30 * HOUR_MS);
    t.ok(old.length > 0);
    t.ok(old.every(isOldUpload), "the facts that were read are not read again");
    const killed = Date.now();
    await until("the other one hears what is new", async () => (await at("heard_until")) > killed);
    t.equal(await second.end("SIGTERM"), 0);
    t.equal(await redis.exists(keys.control("ears:lease")), 0, "who ends in order keeps nobody waiting");
  },
);
