import { inspect } from "node:util";
import t from "tap";
import { pagureError } from "../../../src/demo/outside/pagure/access.ts";
import type { Trouble } from "../../../src/demo/outside/faults.ts";
import { MINUTE_MS } from "../../../src/domain/time.ts";
import { openReporting, TOKEN, type Reporting } from "../../support/scenes/reporting.ts";

/** Answers that repeat what they were sent, as an error page of a proxy may. */
const TROUBLES: readonly Trouble[] = [
  { kind: "answer", status: 400, body: pagureError("EINVALIDREQ", { title: [`bad ${TOKEN}`] }) },
  { kind: "answer", status: 401, body: pagureError("EINVALIDTOK", `Expired token ${TOKEN}`) },
  { kind: "answer", status: 403, body: { error: TOKEN, error_code: "EUBLOCKED" } },
  { kind: "answer", status: 500, body: `authorization: token ${TOKEN}` },
  { kind: "answer", status: 200, body: `<p>token ${TOKEN}</p>` },
  { kind: "answer", status: 302, body: TOKEN },
  { kind: "answer", status: 413, body: TOKEN },
  { kind: "cut", takesEffect: true },
  { kind: "withhold", takesEffect: true },
  { kind: "truncate", bytes: 9 },
];

/** Everything that stands in Redis under the test's prefix. */
async function stored({ connection: { redis, keys } }: Reporting): Promise<string> {
  const prefix = keys.format.replace(/format$/, "");
  const found: unknown[] = [];
  for await (const batch of redis.scanStream({ match: `${prefix}*`, count: 1000 }))
    for (const key of batch as string[]) {
      const type = await redis.type(key);
      const read = { string: "get", hash: "hgetall", set: "smembers" }[type];
      const value =
        type === "stream"
          ? await redis.xrange(key, "-", "+")
          : type === "zset"
            ? await redis.zrange(key, "0", "-1", "WITHSCORES")
            : await redis.call(read ?? "type", key);
      found.push([key, value]);
    }
  return inspect(found, { depth: 10, maxArrayLength: null, maxStringLength: null });
}

t.test(
  "whatever Pagure answers, its token stands in no log, error, record, event or post, nor does a part of it",
  async (t) => {
    const texts: string[] = [];
    for (const trouble of TROUBLES)
      for (const path of [/whoami$/, /issues$/, /new_issue$/]) {
        const reporting = await openReporting(t, trouble.kind === "withhold" ? { timeoutMs: 1_000 } : {});
        await reporting.makePrivate(1);
        reporting.pagure.fail({ path, trouble });
        for (let pass = 0; pass < 3; pass += 1) {
          await reporting
            .report()
            .catch((error: unknown) => texts.push(inspect(error, { depth: 10, showHidden: true })));
          texts.push(await stored(reporting));
          reporting.clock.advance(MINUTE_MS);
        }
        t.equal(reporting.posts().length, 1);
        texts.push(reporting.logged.join("\n"), reporting.posts().join("\n"));
        texts.push(inspect(reporting.pagure.journal, { depth: 10 }));
      }
    const all = texts.join("\n");
    t.ok(all.length > 100_000, `${all.length} characters were looked through`);
    t.ok(all.includes("***"), "it was there to be starred out");
    t.ok(all.includes("'failing'"), "the records were read, the failures among them");
    for (const part of [
      TOKEN,
      encodeURIComponent(TOKEN),
      "S3CRET",
      "REPORTER+0123456789",
      Buffer.from(TOKEN).toString("base64"),
    ])
      t.notOk(all.includes(part), part.slice(0, 3));
  },
);
