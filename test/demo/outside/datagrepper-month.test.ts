import t from "tap";
import type { ArchivedMessage } from "../../../src/demo/outside/datagrepper/archive.ts";
import { generateMonth } from "../../../src/demo/outside/datagrepper/month.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { decode } from "../../../src/hear/decode.ts";
import type { Heard } from "../../../src/hear/decode.ts";
import { ask, start } from "../../support/outside/datagrepper.ts";

const START = Date.parse("2026-10-20T00:00:00Z");

function hear({ topic, id, headers, body, at }: ArchivedMessage): Heard {
  const message = {
    topic,
    messageId: id,
    headers: headers ?? {},
    body: Buffer.from(JSON.stringify(body)),
    arrivedAt: at,
  };
  return decode(message, ["prod"]);
}

t.test("the same seed makes the same month, another seed other images", (t) => {
  const options = { seed: 7, count: 500, start: START };
  const [one, same, other] = [generateMonth(options), generateMonth(options), generateMonth({ ...options, seed: 8 })];
  for (const index of [0, 63, 64, 499]) t.same(one.messageAt(index), same.messageAt(index));
  t.not(JSON.stringify(one.messageAt(5)), JSON.stringify(other.messageAt(5)));
  t.throws(() => one.messageAt(500), RangeError);
  t.end();
});

t.test("every message of a month can be understood, in order of time, no id or image twice", (t) => {
  const month = generateMonth({ seed: 1, count: 6_400, start: START, regions: 3 });
  const [ids, images, composes] = [new Set<string>(), new Map<string, string>(), new Set<string>()];
  const kinds = new Map<string, number>();
  let last = START;
  for (let index = 0; index < month.length; index += 1) {
    const message = month.messageAt(index);
    const heard = hear(message);
    kinds.set(heard.kind, (kinds.get(heard.kind) ?? 0) + 1);
    ids.add(message.id);
    if (heard.kind === "uploads")
      for (const { region, amiId, composeId } of heard.uploads) {
        const known = images.get(`${region} ${amiId}`);
        if (known !== undefined && known !== composeId) t.fail(`${amiId} of ${known} and ${composeId}`);
        images.set(`${region} ${amiId}`, composeId);
        composes.add(composeId);
      }
    const isInOrder =
      message.at >= last && message.at === month.timeAt(index) && message.topic === month.topicAt(index);
    if (!isInOrder) t.fail(`message ${index}`);
    last = message.at;
  }
  t.ok(last < START + 30 * DAY_MS);
  t.equal(ids.size, 6_400);
  t.equal(composes.size, 1_200, "twelve composes a round");
  // The ignored ones announce that a two-week release is being evaluated.
  t.same(Object.fromEntries(kinds), { facts: 2_500, uploads: 3_800, ignored: 100 });
  t.end();
});

t.test("a million messages are served page by page, and cost no memory", async (t) => {
  const before = process.memoryUsage().heapUsed;
  const double = await start(t, { messages: generateMonth({ seed: 1, count: 1_000_000, start: START }) });
  const range = `start=${START / 1000}&end=${(START + 30 * DAY_MS) / 1000 - 0.000001}`;
  const first = await ask(double, `/raw?${range}&order=asc&rows_per_page=100`);
  t.match(first.json, { total: 1_000_000, pages: 10_000, count: 100 });
  const last = await ask(double, `/raw?${range}&order=asc&rows_per_page=100&page=10000`);
  t.match(last.json, { total: 1_000_000, count: 100 });
  const day = `start=${START / 1000 + 86_400}&end=${START / 1000 + 2 * 86_400}`;
  t.match((await ask(double, `/raw?${day}&category=releng`)).json, {
    count: 25,
    arguments: { categories: ["releng"] },
  });
  t.ok(process.memoryUsage().heapUsed - before < 100 * 1024 * 1024, "below 100 MiB");
});
