import t from "tap";
import { datagrepperFacts } from "../../../src/adapters/datagrepper/facts.ts";
import type { ArchivedMessage } from "../../../src/demo/outside/datagrepper/archive.ts";
import type { DatagrepperDouble } from "../../../src/demo/outside/datagrepper/double.ts";
import type { Fact } from "../../../src/domain/compose/facts.ts";
import { DAY_MS, HOUR_MS } from "../../../src/domain/time.ts";
import { decode } from "../../../src/hear/decode.ts";
import type { Archive, ComposeSource, Message } from "../../../src/ports/index.ts";
import { DAY, nested, NOW, open, PUNGI_TOPIC, row, start } from "../../support/outside/datagrepper.ts";
import { SettableClock } from "../../support/world/clock.ts";

const ID = "Fedora-Cloud-43-20261120.0";
const factsIn = (message: Message): readonly Fact[] => {
  const heard = decode(message, ["prod", "stg"]);
  return heard.kind === "facts" ? heard.facts : [];
};

function said(number: number, body: object, change: Partial<ArchivedMessage> = {}): ArchivedMessage {
  const at = DAY + number * HOUR_MS;
  return row(number, at, { topic: PUNGI_TOPIC, body: { compose_id: ID, status: "FINISHED", ...body }, ...change });
}

function source(double: DatagrepperDouble, environments = ["prod"], now = NOW): ComposeSource {
  return datagrepperFacts({ archive: open(double), environments, clock: new SettableClock(now), factsIn });
}

t.test("each different statement about the compose is one fact of datagrepper's", async (t) => {
  const label = { compose_type: "production", compose_label: "RC-20261120.0" };
  const double = await start(t, {
    messages: [
      said(1, { status: "STARTED", ...label, location: "https://kojipkgs.invalid/compose" }),
      said(2, label),
      said(3, { compose_type: "production", compose_label: "RC-1.2" }),
      said(4, { compose_type: "nightly", compose_label: null }),
      said(5, { ...label, compose_id: "Fedora-Cloud-42-20261120.0", compose_type: "test" }),
      said(6, { compose_type: 7 }),
      said(7, label, { topic: PUNGI_TOPIC.replace("prod", "stg") }),
    ],
  });
  const facts = await source(double).ask(ID, null);
  const common = { composeId: ID, source: "datagrepper" };
  t.match(facts, [
    { ...common, type: "production", label: "RC-20261120.0", location: "https://kojipkgs.invalid/compose", by: "id-1" },
    { ...common, type: "production", label: "RC-1.2", by: "id-3" },
    { ...common, type: "nightly", label: null, by: "id-4" },
  ]);
  t.equal(facts.length, 3);
  t.ok(facts.every(({ at }) => at >= NOW));
  t.same(await source(double).ask("Fedora-Cloud-41-20261120.0", null), [], "nothing is known of it");
});

t.test(
  "it is looked for from the day before its date to the fourth after, by exact topics, and not in the future",
  async (t) => {
    const messages = [
      said(-25, { compose_type: "too-early" }),
      said(-24, { compose_type: "nightly" }),
      said(95, { compose_type: "ci" }, { topic: PUNGI_TOPIC.replace("prod", "stg") }),
      said(96, { compose_type: "too-late" }),
    ];
    const double = await start(t, { messages });
    const facts = await source(double, ["prod", "stg"]).ask(ID, null);
    t.same(
      facts.map(({ type }) => type),
      ["nightly", "ci"],
    );
    t.equal(double.journal.length, 1, "one request a compose");
    const topics = ["prod", "stg"].map((environment) => PUNGI_TOPIC.replace("prod", environment));
    for (const { query } of double.journal) t.same(new URLSearchParams(query).getAll("topic"), topics);
    await source(double, ["prod"], DAY + HOUR_MS).ask(ID, null);
    t.equal(double.journal.length, 2);
    const end = Number(new URLSearchParams(double.journal[1]?.query).get("end"));
    t.equal(Math.ceil(end), (DAY + 2 * HOUR_MS) / 1000, "an hour from now, by a clock that may be behind");
  },
);

t.test("an id without a date, or with one that is none, is not asked for", async (t) => {
  const double = await start(t);
  for (const id of ["", "Fedora", "Fedora-24-20160314", "Fedora-43-20260230.0", "Fedora-43-20260228.x.0"])
    t.same(await source(double).ask(id, null), []);
  t.equal(double.journal.length, 0);
});

t.test("a datagrepper that fails or refuses is no answer, never 'knows nothing'", async (t) => {
  const double = await start(t, { messages: [said(1, { compose_type: "nightly" })] });
  for (const status of [400, 404, 503]) {
    const lift = double.fail({ trouble: { kind: "answer", status, body: "<h1>No</h1>" }, times: Infinity });
    await t.rejects(source(double).ask(ID, null), {
      name: "UpstreamError",
      service: "datagrepper",
      code: `HTTP_${status}`,
    });
    lift();
  }
});

t.test("messages of before 2018 say only where the compose is", async (t) => {
  const double = await start(t, {
    messages: [said(1, { location: "https://old.invalid/" }, { headers: null, isOld: true })],
  });
  t.match(await source(double).ask(ID, null), [
    { source: "datagrepper", location: "https://old.invalid/", by: "id-1" },
  ]);
});

t.test("what is older than the archive looks for words is read whole", async (t) => {
  const later = NOW + 40 * 7 * DAY_MS;
  const double = await start(t, { messages: [said(1, { compose_type: "nightly" })], now: () => later });
  t.match(await source(double, ["prod"], later).ask(ID, null), [{ type: "nightly" }]);
  for (const { query } of double.journal) t.equal(new URLSearchParams(query).get("contains"), null);
});

t.test("a row of the compose that cannot be read is no silence; one of another compose is nothing to it", async (t) => {
  const double = await start(t, { messages: [said(1, { compose_type: "nightly" }), said(2, { deep: nested(3_000) })] });
  await t.rejects(source(double).ask(ID, null), { name: "UpstreamError", code: "UNREADABLE_ROW" });
  const other = said(2, { compose_id: "Fedora-Cloud-42-20261120.0", deep: nested(3_000) });
  const beside = await start(t, { messages: [said(1, { compose_type: "nightly" }), other] });
  t.match(await source(beside).ask(ID, null), [{ type: "nightly" }]);
});

t.test("no more than two composes are asked for at once", async (t) => {
  const double = await start(t, { messages: [said(1, { compose_type: "nightly" })] });
  const archive = open(double, { ratePerSecond: Infinity });
  let [atOnce, most] = [0, 0];
  const counted: Archive = {
    messages: async function* (query) {
      atOnce += 1;
      most = Math.max(most, atOnce);
      yield* archive.messages(query);
      atOnce -= 1;
    },
  };
  const facts = datagrepperFacts({ archive: counted, environments: ["prod"], clock: new SettableClock(NOW), factsIn });
  const answers = await Promise.all(Array.from({ length: 7 }, () => facts.ask(ID, null)));
  t.equal(most, 2);
  t.ok(
    answers.every((each) => each.length === 1),
    "and all are answered",
  );
});
