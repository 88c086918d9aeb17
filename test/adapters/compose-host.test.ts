import t from "tap";
import { composeInfo } from "../../src/demo/outside/compose-host.ts";
import type { HostTrouble } from "../../src/demo/outside/compose-host.ts";
import { asked, CLOUD, failure, FILE, GA, NOW, openSource, startHost } from "../support/outside/compose-host.ts";
import { SettableClock } from "../support/world/clock.ts";

t.test("a compose's type and label are told with the address that said so", async (t) => {
  const host = await startHost(t);
  const location = host.add(CLOUD);
  const source = openSource(host);
  t.equal(source.source, "composeinfo");
  t.same(await source.ask(CLOUD.id, location), [
    {
      composeId: CLOUD.id,
      source: "composeinfo",
      type: "production",
      label: "RC-20260122.0",
      at: NOW,
      by: `${host.url}/cloud/${CLOUD.id}/${FILE}`,
    },
  ]);
  t.match(host.journal, [{ status: 200, userAgent: "clean-amis/test" }], "one call is enough");
});

t.test("a label that is left out, empty or null is known to be none", async (t) => {
  const host = await startHost(t);
  const id = "Fedora-Rawhide-20260122.n.0";
  for (const label of [{}, { label: "" }, { label: null }]) {
    host.add({ id, type: "nightly", place: "rawhide", ...label });
    t.match(await openSource(host).ask(id, null), [{ type: "nightly", label: null }]);
  }
});

t.test("type and label are told as they are spelt, also when they fit no form or contradict the id", async (t) => {
  const host = await startHost(t);
  host.add({ ...GA, type: "golden", label: "GA" });
  t.match(await openSource(host).ask(GA.id, null), [{ type: "golden", label: "GA" }]);
});

t.test("every compose is looked for where kojipkgs keeps its kind, and none is claimed when all is 404", async (t) => {
  const rows: readonly (readonly [string, ...string[]])[] = [
    ["Fedora-Rawhide-20260122.n.0", "rawhide/"],
    ["Fedora-40-20240413.n.0", "branched/", "rawhide/"],
    ["Fedora-24-20151208.n.7", "branched/", "rawhide/"],
    ["Fedora-28-20180425.0", "28/"],
    ["Fedora-24-20160314.t.0", "24/"],
    ["Fedora-eln-20260122.n.3", "eln/"],
    ["Fedora-ELN-20230619.1", "eln/"],
    ["Fedora-Cloud-27-20180317.0", "cloud/", ""],
    ["Fedora-Cloud-28-20180126.n.0", "cloud/", ""],
    ["Fedora-Container-28-20180605.0", "container/"],
    ["Fedora-Docker-25-20170113.2", ""],
    ["Fedora-IoT-33-20200513.0", "iot/"],
    ["Fedora-Atomic-28-20180515.1", "twoweek/", "updates/"],
    ["Fedora-Atomic-27-updates-testing-20180123.0", "updates/", "twoweek/"],
    ["Fedora-28-updates-20180515.1", "updates/"],
    ["Fedora-29-updates-testing-20190606.0", "updates/"],
    ["Fedora-EPEL-10-20240918.n.0", "epel/", "epel10/"],
    ["Fedora-Modular-27-20170816.n.0", ""],
    ["Fedora-Modular-27-20171108.2", ""],
  ];
  for (const [id, ...parents] of rows) {
    const host = await startHost(t);
    t.same(await openSource(host).ask(id, null), [], id);
    t.same(asked(host), [...parents.map((parent) => parent + id)], id);
    for (const parent of parents) {
      host.remove(id);
      host.add({ id, type: "production", label: "RC-1.2", place: parent.slice(0, -1) });
      t.match(await openSource(host).ask(id, null), [{ by: `${host.url}/${parent}${id}/${FILE}` }], id);
    }
    await host.close();
  }
});

t.test("a doomed compose has no metadata: nothing is claimed", async (t) => {
  const host = await startHost(t);
  const id = "Fedora-Rawhide-20180426.n.0";
  const location = host.add({ id, type: "nightly", status: "DOOMED", place: "rawhide" });
  t.same(await openSource(host).ask(id, location), []);
  t.equal(host.journal.length, 1, "the location is the usual place: asked once, and a 404 is not repeated");
});

t.test("the location is asked first, then the usual places", async (t) => {
  const host = await startHost(t);
  const id = "Fedora-Cloud-30-20190611.0";
  const location = host.add({ ...CLOUD, id, place: "moved" });
  t.match(await openSource(host).ask(id, location), [{ by: `${host.url}/moved/${id}/${FILE}` }]);
  host.remove(id);
  t.same(await openSource(host).ask(id, location), []);
  t.same(asked(host).slice(1), [`moved/${id}`, `cloud/${id}`, id]);
});

t.test("a location is read as pungi wrote it over the years", async (t) => {
  const host = await startHost(t);
  const { id } = CLOUD;
  host.add({ ...CLOUD, place: "new" });
  const { host: name } = new URL(host.url);
  for (const location of [
    `http://${name}/compose//new/${id}/compose`,
    `http://${name}//compose/new/${id}/compose/`,
    `https://${name}/compose/new/${id}/compose`,
    `http://${name}/compose/new/${id}`,
  ]) {
    t.match(await openSource(host).ask(id, location), [{ label: CLOUD.label }], location);
    t.equal(asked(host).at(-1), `new/${id}`, location);
  }
});

t.test("a location that leads elsewhere is not followed", async (t) => {
  const host = await startHost(t);
  const elsewhere = await startHost(t);
  const { id } = GA;
  elsewhere.add({ ...GA, label: "RC-20180425.0", place: "forged" });
  host.add({ ...GA, label: "RC-20180425.0", place: "forged" });
  const { host: name } = new URL(host.url);
  for (const location of [
    `${elsewhere.url}/forged/${id}/compose`,
    `http://${name}@${new URL(elsewhere.url).host}/compose/forged/${id}/compose`,
    `http://user:word@${name}/compose/forged/${id}/compose`,
    `http://${name}/compose/x/../forged/${id}/compose`,
    `http://${name}/compose/x/%2e%2e/forged/${id}/compose`,
    `http://${name}/compose/f%6frged/${id}/compose`,
    `http://${name}/compose/forged\\${id}/compose`,
    `http://${name}/other/forged/${id}/compose`,
    `http://${name}/composes/forged/${id}/compose`,
    `http://${name}/compose/forged/${id}/compose?x=1`,
    `http://${name}/compose/forged/${id}/compose#x`,
    `ftp://${name}/compose/forged/${id}/compose`,
    `//${name}/compose/forged/${id}/compose`,
    `http://${name}/compose/compose`,
    `http://127.0.0.1:99999/compose/forged/${id}/compose`,
    `forged/${id}/compose`,
    "",
  ]) {
    const before = host.journal.length;
    t.same(await openSource(host).ask(id, location), [], location);
    t.same(asked(host).slice(before), [`28/${id}`], `${location}: only the usual place is asked`);
  }
  t.same(elsewhere.journal, []);
});

t.test("a link that has moved on to another compose does not speak for this one", async (t) => {
  const host = await startHost(t);
  const next = { ...GA, id: "Fedora-28-20180501.0", label: "RC-1.2" };
  host.add(GA);
  host.add(next);
  const location = host.link("28/latest-Fedora-28", GA.id);
  t.match(await openSource(host).ask(GA.id, location), [{ composeId: GA.id, by: /latest-Fedora-28/ }]);
  host.link("28/latest-Fedora-28", next.id);
  t.match(await openSource(host).ask(GA.id, location), [
    { composeId: GA.id, label: "RC-1.1", by: /28\/Fedora-28-20180425/ },
  ]);

  host.remove(GA.id);
  const message = /latest-Fedora-28.*"Fedora-28-20180501\.0", not of "Fedora-28-20180425\.0"/;
  t.match(await failure(t, openSource(host).ask(GA.id, location)), { code: "OTHER_COMPOSE", message });
});

t.test("what is not this compose's document is told apart and never taken for a 404", async (t) => {
  const sends = (body: object | string, status = 200): HostTrouble => ({ kind: "answer", status, body });
  const says = (compose: object, header: object = {}): HostTrouble => sends({ header, payload: { compose } });
  const { id, type } = GA;
  const stranger = composeInfo({ id: "Fedora-29-20181024.1", type, label: "RC-1.2" });
  const cases: readonly (readonly [HostTrouble, string, RegExp])[] = [
    [sends("<html>Maintenance"), "NOT_JSON", /json answered 200 without whole JSON \("<html>Maintenance"\)/],
    [{ kind: "truncate", bytes: 120 }, "NOT_JSON", /answered 200 without whole JSON/],
    [{ kind: "truncate", bytes: 0 }, "NOT_JSON", /an empty answer/],
    [sends("busy", 503), "HTTP_503", /answered 503 \("busy"\)/],
    [sends("slow", 429), "HTTP_429", /answered 429/],
    [sends("no", 403), "HTTP_403", /answered 403, neither a file nor 404/],
    [sends("x".repeat(17 * 1024 * 1024)), "TOO_LONG", /answered more than 16777216 bytes/],
    [sends(stranger), "OTHER_COMPOSE", /is of the compose "Fedora-29-20181024\.1", not of "Fedora-28-20180425\.0"/],
    [sends([]), "UNKNOWN_SHAPE", /no composeinfo \(document must be object\)/],
    [sends({}), "UNKNOWN_SHAPE", /must have required property 'payload'/],
    [says({ id }), "UNKNOWN_SHAPE", /document\/payload\/compose must have required property 'type'/],
    [says({ type }), "UNKNOWN_SHAPE", /required property 'id'/],
    [says({ id, type: 7 }), "UNKNOWN_SHAPE", /compose\/type must be string/],
    [says({ id, type, label: 1.1 }), "UNKNOWN_SHAPE", /compose\/label must be string,null/],
    [says({ id, type }, { type: "productmd.images" }), "UNKNOWN_SHAPE", /header\/type must be equal to constant/],
  ];
  for (const [trouble, code, message] of cases) {
    const host = await startHost(t);
    host.add(GA);
    host.fail({ times: Infinity, trouble });
    t.match(await failure(t, openSource(host).ask(id, null)), { code, message });
    await host.close();
  }
});

t.test("a host that is slow, silent or away is an upstream's trouble after three attempts", async (t) => {
  const host = await startHost(t);
  host.add(GA);
  const lift = host.fail({ times: Infinity, trouble: { kind: "withhold" } });
  t.match(await failure(t, openSource(host, { timeoutMs: 2_000 }).ask(GA.id, null)), { code: "TIMEOUT" });
  t.equal(host.journal.length, 3);
  lift();
  host.fail({ trouble: { kind: "delay", ms: 50 } });
  t.match(await openSource(host).ask(GA.id, null), [{ label: "RC-1.1" }]);
  await host.close();
  t.match(await failure(t, openSource(host).ask(GA.id, null)), { code: "ECONNREFUSED" });
});

t.test("a fault that passes costs a pause that grows, and nothing else", async (t) => {
  const host = await startHost(t);
  host.add(GA);
  const clock = new SettableClock(NOW);
  host.fail({ trouble: { kind: "answer", status: 502, body: "bad gateway" } });
  host.fail({ trouble: { kind: "truncate", bytes: 40 } });
  const [fact] = await openSource(host, { clock }).ask(GA.id, null);
  t.match(fact, { label: "RC-1.1", at: clock.now() });
  t.match(host.journal, [{ status: 502 }, { status: 200 }, { status: 200 }]);
  t.ok(clock.now() - NOW >= 750 && clock.now() - NOW <= 1_500, "0.25 to 0.5 s, then 0.5 to 1 s");
});

t.test("an unreadable id, or an unknown product, is looked for at its location alone", async (t) => {
  const host = await startHost(t);
  for (const id of ["Fedora-24-20160314", "FedoraOdd-1-20260122.0", "../../secret"]) {
    t.match(await failure(t, openSource(host).ask(id, null)), {
      code: "NO_PLACE",
      message: /no place is known where "/,
    });
    t.same(await openSource(host).ask(id, `${host.url}/odd/x/compose`), [], "what pungi named is gone");
  }
  t.ok(asked(host).every((path) => path === "odd/x"));
});

t.test("the address of the host may end in slashes, and must be plain http or https", async (t) => {
  const host = await startHost(t);
  host.add(GA);
  t.match(await openSource(host, { url: `${host.url}//` }).ask(GA.id, null), [
    { by: `${host.url}/28/${GA.id}/${FILE}` },
  ]);
  const bad = ["", "kojipkgs", "ftp://k/compose", "https://u:S3CRET@k/compose", "https://k/?a", "https://k/#a"];
  const message =
    /^the compose host's address must be plain http or https, such as https:\/\/[^@]+, without a user or query$/;
  for (const url of bad)
    t.throws(() => openSource(host, { url }), { name: "ConfigError", message }, url.replace("S3CRET", "***"));
});
