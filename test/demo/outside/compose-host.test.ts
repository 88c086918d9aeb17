import t from "tap";
import type { Test } from "tap";
import { composeInfo, startComposeHost } from "../../../src/demo/outside/compose-host.ts";
import type { ComposeHost, HostCall } from "../../../src/demo/outside/compose-host.ts";

const NOW = Date.parse("2026-11-24T22:00:00Z");
const RAWHIDE = { id: "Fedora-Rawhide-20260122.n.0", type: "nightly", place: "rawhide" };
const CLOUD = { id: "Fedora-Cloud-27-20180317.0", type: "production", label: "RC-20180317.0", place: "cloud" };

async function start(t: Test): Promise<ComposeHost> {
  const host = await startComposeHost(() => NOW);
  t.teardown(() => host.close());
  return host;
}

async function get(url: string) {
  const response = await fetch(url, { redirect: "manual" });
  const { status, headers } = response;
  return { status, type: headers.get("content-type"), to: headers.get("location"), text: await response.text() };
}

t.test("a compose is served in its place with its id, its status and its metadata", async (t) => {
  const host = await start(t);
  t.equal(host.add(RAWHIDE), `${host.url}/rawhide/${RAWHIDE.id}/compose`);
  const directory = `${host.url}/rawhide/${RAWHIDE.id}`;
  t.match(await get(`${directory}/COMPOSE_ID`), { status: 200, type: null });
  t.equal((await get(`${directory}/COMPOSE_ID`)).text, RAWHIDE.id, "without a line end");
  t.equal((await get(`${directory}/STATUS`)).text, "FINISHED\n");
  const metadata = await get(`${directory}/compose/metadata/composeinfo.json`);
  t.match(metadata, { status: 200, type: "application/json" });
  t.same(JSON.parse(metadata.text), JSON.parse(JSON.stringify(composeInfo(RAWHIDE))));
});

t.test("a document has the recorded shape, and neither label nor final where there is no label", (t) => {
  const read = (compose: Parameters<typeof composeInfo>[0]): unknown =>
    JSON.parse(JSON.stringify(composeInfo(compose)));
  t.same(read(CLOUD), {
    header: { type: "productmd.composeinfo", version: "1.2" },
    payload: {
      compose: { date: "20180317", final: true, id: CLOUD.id, label: "RC-20180317.0", respin: 0, type: "production" },
      release: { internal: false, name: "Fedora-Cloud", short: "Fedora-Cloud", type: "ga", version: "27" },
      variants: {},
    },
  });
  t.match(read(RAWHIDE), { payload: { compose: { label: undefined, final: undefined, type: "nightly" } } });
  t.match(read({ ...CLOUD, label: null }), { payload: { compose: { label: null, final: undefined } } });
  t.match(read({ ...CLOUD, final: false }), { payload: { compose: { final: false } } });
  t.throws(() => composeInfo({ ...CLOUD, id: "Fedora-24-20160314" }), /no respin/);
  t.end();
});

t.test("a doomed compose has a status and an id but no metadata", async (t) => {
  const host = await start(t);
  const location = host.add({ ...RAWHIDE, status: "DOOMED" });
  t.match(await get(`${location}/metadata/composeinfo.json`), { status: 404, type: /^text\/html/ });
  t.match(await get(`${host.url}/rawhide/${RAWHIDE.id}/STATUS`), { status: 200, text: "DOOMED\n" });
  t.match(await get(`${host.url}/rawhide/${RAWHIDE.id}/COMPOSE_ID`), { status: 200 });
});

t.test("a directory without its slash is moved to the one with it, and what is missing is a web page", async (t) => {
  const host = await start(t);
  host.add({ ...CLOUD, place: "" });
  const directory = `/compose/${CLOUD.id}`;
  const { origin } = new URL(host.url);
  t.match(await get(origin + directory), { status: 301, to: `${directory}/` });
  t.match(await get(`${origin}${directory}/`), { status: 200, type: /^text\/html/ });
  t.match(await get(`${host.url}/Fedora-Cloud-27-20180318.0`), {
    status: 404,
    type: /^text\/html/,
    text: /404 Not Found/,
  });
  const posted = await fetch(`${origin}${directory}/STATUS`, { method: "POST" });
  await posted.text();
  t.equal(posted.status, 405);
});

t.test("a compose that is replaced, linked to or removed is so at once, in every place", async (t) => {
  const host = await start(t);
  const places = ["cloud", ""].map((place) => host.add({ ...CLOUD, place }));
  const link = host.link("cloud/latest-Fedora-Cloud-27", CLOUD.id);
  t.match((await get(`${link}/metadata/composeinfo.json`)).text, /"RC-20180317\.0"/);
  host.add({ ...CLOUD, label: "RC-1.1" });
  t.match((await get(`${link}/metadata/composeinfo.json`)).text, /"RC-1\.1"/);
  t.match(await get(`${host.url}/cloud/latest-Fedora-Cloud-27`), {
    status: 301,
    to: "/compose/cloud/latest-Fedora-Cloud-27/",
  });
  host.remove(CLOUD.id);
  for (const place of [...places, link]) t.equal((await get(`${place}/metadata/composeinfo.json`)).status, 404);
  t.throws(() => host.link("x", CLOUD.id), /no compose/);
});

t.test("a fault meets only its paths, as often as it is told, until it is lifted", async (t) => {
  const host = await start(t);
  const [nightly, cloud] = [RAWHIDE, CLOUD].map((compose) => `${host.add(compose)}/metadata/composeinfo.json`) as [
    string,
    string,
  ];
  host.fail({ path: /rawhide/, trouble: { kind: "answer", status: 200, body: "<html>" } });
  host.fail({ path: /rawhide/, trouble: { kind: "answer", status: 200, body: composeInfo(CLOUD) } });
  host.fail({ path: /rawhide/, trouble: { kind: "truncate", bytes: 9 } });
  host.fail({ path: /rawhide/, trouble: { kind: "delay", ms: 1 } });
  t.match(await get(cloud), { status: 200, text: /RC-20180317/ });
  t.match(await get(nightly), { status: 200, type: /^text\/html/, text: "<html>" });
  t.match(await get(nightly), { status: 200, type: "application/json", text: /Fedora-Cloud-27/ });
  t.equal((await get(nightly)).text.length, 9);
  t.match(JSON.parse((await get(nightly)).text), composeInfo(RAWHIDE));
  const lift = host.fail({ times: Infinity, trouble: { kind: "answer", status: 500, body: "" } });
  t.equal((await get(nightly)).status, 500);
  t.equal((await get(cloud)).status, 500);
  lift();
  t.equal((await get(nightly)).status, 200);
});

t.test("each call is in the journal, told to listeners, and a withheld answer has no status", async (t) => {
  const host = await start(t);
  const location = host.add(RAWHIDE);
  const heard: HostCall[] = [];
  const given = new AbortController();
  const stop = host.onCall((call) => {
    heard.push(call);
    if (call.status === null) given.abort();
  });
  await fetch(`${location}/`, { headers: { "user-agent": "me" } }).then((response) => response.text());
  host.fail({ trouble: { kind: "withhold" } });
  await t.rejects(fetch(`${location}/`, { signal: given.signal }), { name: "AbortError" });
  t.same(heard[0], { at: NOW, path: `/compose/rawhide/${RAWHIDE.id}/compose/`, userAgent: "me", status: 200 });
  t.match(heard, [{ status: 200 }, { status: null }]);
  stop();
  await get(location);
  t.equal(heard.length, 2);
  t.equal(host.journal.length, 3);
});

t.test("close ends calls that still wait, frees the port, and may be called twice", async (t) => {
  const host = await start(t);
  host.fail({ trouble: { kind: "delay", ms: 600_000 } });
  host.fail({ trouble: { kind: "withhold" } });
  const taken = new Promise<void>((resolve) =>
    host.onCall(() => {
      resolve();
    }),
  );
  const hanging = [fetch(host.url), fetch(host.url)].map((call) => call.catch((error: unknown) => error));
  await taken;
  await Promise.all([host.close(), host.close()]);
  for (const error of await Promise.all(hanging)) t.match(error, { message: "fetch failed" });
  await t.rejects(fetch(host.url), { cause: { code: "ECONNREFUSED" } });
});
