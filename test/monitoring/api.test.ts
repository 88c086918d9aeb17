import { Ajv2020 } from "ajv/dist/2020.js";
import t, { type Test } from "tap";
import { openApi } from "../../src/monitoring/api/openapi.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import { openServed, type Served } from "../support/servers/monitoring.ts";
import { addNightly } from "../support/world/world.ts";

interface Described {
  readonly paths: Readonly<Record<string, { readonly get: { readonly responses: Readonly<Record<string, object>> } }>>;
}

const DESCRIBED = openApi() as Described;
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
ajv.addFormat("date-time", /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$/);
ajv.addFormat("date", /^\d{4}-\d{2}-\d{2}$/);
ajv.addVocabulary(["openapi", "info", "servers", "paths", "components"]);
ajv.addSchema({ $id: "openapi", ...DESCRIBED });

/** Whether an answer is what `schemas/openapi.json` says of it. */
async function agrees(test: Test, { get }: Served, path: string, pattern: string): Promise<unknown> {
  const answer = await get(`/api/v1${path}`);
  const type = answer.headers.get("content-type") ?? "";
  const responses = DESCRIBED.paths[pattern]?.get.responses;
  const described = responses?.[String(answer.status)] ?? responses?.["default"];
  test.ok(described, `${path}: ${answer.status} is described`);
  const isProblem = type.startsWith("application/problem+json");
  const place = isProblem
    ? "/components/responses/problem/content/application~1problem+json/schema"
    : `/paths/${pattern.replaceAll("/", "~1").replaceAll("{", "%7B").replaceAll("}", "%7D")}/get/responses/${answer.status}/content/application~1json/schema`;
  const validate = ajv.getSchema(`openapi#${place}`);
  const body: unknown = await answer.json();
  test.ok(validate?.(body), `${path}: ${ajv.errorsText(validate?.errors ?? [])}`);
  return body;
}

/** Some images in every stage that one can come to by waiting, and a refused one whose reason quotes EC2. */
async function populate({ world }: Served): Promise<{ readonly amiId: string; readonly composeId: string }> {
  const nightlies = [1, 2, 3].map((number) => addNightly(world, number));
  for (const { message } of nightlies) await world.hear("fedora_image_uploader.published.v1.aws", message);
  world.clock.advance(5 * DAY_MS + 1000);
  const arn = "arn:aws:iam::125523088429:user/secret";
  world.simulator.faults.add({
    kind: "error",
    code: "UnauthorizedOperation",
    message: `You are not authorized: User ${arn} at ip-10-0-0-7.internal`,
    resource: nightlies[2]?.amiId ?? "",
    action: "ModifyImageAttribute",
    times: Infinity,
  });
  await world.tick();
  await world.report();
  const [first] = nightlies;
  if (first === undefined) throw new Error("there is none");
  return first;
}

t.test("every answer is what the description says, and nothing in it is secret", async (t) => {
  const served = await openServed(t);
  const { amiId, composeId } = await populate(served);
  const texts: string[] = [];
  for (const [path, pattern] of [
    [`/images/${amiId}`, "/images/{ami}"],
    [`/images/us-east-1/${amiId}`, "/images/{region}/{ami}"],
    [`/images/eu-west-1/${amiId}`, "/images/{region}/{ami}"],
    ["/images/ami-0123456789abcdef0", "/images/{ami}"],
    ["/images/nonsense", "/images/{ami}"],
    [`/composes/${composeId}`, "/composes/{id}"],
    ["/composes/Fedora-Rawhide-20990101.n.0", "/composes/{id}"],
    ["/composes/..", "/composes/{id}"],
    ["/queue", "/queue"],
    ["/queue?stage=private&region=us-east-1&due_within=30d", "/queue"],
    ["/queue?stage=kept", "/queue"],
    ["/queue?after=junk", "/queue"],
    ["/queue?due_within=soon", "/queue"],
    ["/events?since=30d", "/events"],
    ["/events?kind=refused&since=30d", "/events"],
    ["/events?kind=exploded", "/events"],
    ["/events?since=yesterday", "/events"],
    ["/stats", "/stats"],
    ["/stats?colour=red", "/stats"],
    [`/queue?after=${"x".repeat(3_000)}`, "/queue"],
  ] as const)
    texts.push(JSON.stringify(await agrees(t, served, path, pattern)));
  const all = texts.join("\n");
  t.match(all, /permission: Amazon EC2 refused ec2:ModifyImageAttribute \(UnauthorizedOperation\)/);
  for (const secret of ["arn:", "125523088429", "ip-10-0-0-7", "127.0.0.1"]) t.notMatch(all, secret, secret);
});

t.test("what is asked wrongly is refused by the parameter's name", async (t) => {
  const { get } = await openServed(t);
  for (const [path, name] of [
    ["images/nonsense", "ami"],
    ["images/nowhere/ami-0123456789abcdef0", "region"],
    ["composes/a%20b", "id"],
    ["queue?stage=kept", "stage"],
    ["queue?region=nowhere", "region"],
    ["queue?due_within=soon", "due_within"],
    ["queue?after=junk", "after"],
    ["events?since=yesterday", "since"],
    ["events?kind=exploded", "kind"],
    ["events?after=junk", "after"],
    ["stats?colour=red", "colour"],
  ] as const) {
    const answer = await get(`/api/v1/${path}`);
    t.equal(answer.status, 400, path);
    t.match(await answer.json(), { status: 400, detail: new RegExp(`^${name}: `) }, path);
  }
});

t.test("a page goes on where the last one ended, in one order, without a gap or a repeat", async (t) => {
  const served = await openServed(t);
  const { world, json } = served;
  const regions = ["eu-west-1", "us-east-1", "us-west-2"];
  const expected = new Set<string>();
  for (let number = 0; number < 90; number += 1) {
    const ami = (place: number): string => `ami-${String(number * 10 + place).padStart(17, "0")}`;
    const images = Object.fromEntries(regions.map((region, place) => [region, ami(place)]));
    for (const [region, amiId] of Object.entries(images)) expected.add(`${region} ${amiId}`);
    await world.hear("fedora_image_uploader.published.v1.aws", {
      architecture: "x86_64",
      compose_id: "Fedora-Rawhide-20261120.n.0",
      image_name: `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261120.0`,
      regions: images,
    });
    // Many wake up in the same second: their order is by region and id.
    if (number % 30 === 0) world.clock.advance(1000);
  }
  for (const [what, query] of [
    ["images", "queue?"],
    ["events", "events?since=1d&"],
  ] as const) {
    const seen: string[] = [];
    let pages = 0;
    for (let after: string | null = ""; after !== null; pages += 1) {
      const path: string = `/api/v1/${query}${after === "" ? "" : `after=${after}`}`;
      const page = (await json(path)) as { next: string | null } & Record<string, { region: string; ami: string }[]>;
      seen.push(...(page[what] ?? []).map(({ region, ami }) => `${region} ${ami}`));
      after = page.next;
    }
    t.equal(seen.length, expected.size, `${what}: none twice`);
    t.same(new Set(seen), expected, `${what}: none missing`);
    t.equal(pages, 3);
  }
});

t.test("the description is served whole", async (t) => {
  const { json } = await openServed(t);
  t.match(await json("/api/v1/openapi.json"), {
    openapi: "3.1.1",
    components: { schemas: { image: { type: "object" } } },
  });
});
