import t, { type Test } from "tap";
import { CODES, type Row } from "../../../src/adapters/ec2/codes.ts";
import { translateEc2 } from "../../../src/adapters/ec2/errors.ts";
import { openImages } from "../../../src/adapters/ec2/images.ts";
import { TREATMENTS } from "../../../src/adapters/ec2/treatments.ts";
import { startEc2Simulator, type Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import type { Fault } from "../../../src/demo/outside/ec2/state/faults.ts";
import { publicReason } from "../../../src/domain/plan/public-reason.ts";
import { RefusedError, UpstreamError } from "../../../src/errors.ts";
import type { Images } from "../../../src/ports/index.ts";
import { silentLog } from "../../support/run/log.ts";
import { ACCOUNT } from "../../support/world/image.ts";
import { VirtualClock } from "../../support/world/virtual-clock.ts";
import { REGION, START } from "../../support/world/world.ts";

const AMI = "ami-00000000000000001";

async function open(t: Test): Promise<{ simulator: Ec2Simulator; images: Images }> {
  const clock = new VirtualClock(START);
  const simulator = await startEc2Simulator({ now: clock.now, accounts: { AKIDTEST: { id: ACCOUNT } } });
  const credentials = { accessKeyId: "AKIDTEST", secretAccessKey: "secret" };
  const endpoint = simulator.url;
  const images = openImages({ endpoint, role: null, share: 1, log: silentLog, clock: clock.within, credentials });
  t.teardown(async () => {
    images.close();
    await simulator.close();
  });
  simulator.addImage(REGION, { id: AMI });
  return { simulator, images: clock.watch<Images>(images) };
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
    return null;
  } catch (error) {
    return error;
  }
}

/** Codes that a server can answer, as it would: what stands in brackets is told by the message or the call. */
function answersOf({
  codes,
}: Row): readonly { readonly code: string; readonly message: string; readonly call: string }[] {
  return codes
    .filter(
      (code) => /^[A-Z*]/.test(code) && !/^E[A-Z]+$/.test(code) && !/Provider|Fallback|^TimeoutError|^Abort/.test(code),
    )
    .map((code) => {
      const [, word = code, place = ""] = /^(.*?)(?: \((.*)\))?$/.exec(code) ?? [];
      const message =
        {
          "an image": `Not authorized for image:${AMI}`,
          "sts:": "may not sts:AssumeRole",
          "AWS Backup": "This image is managed by AWS Backup.",
        }[place] ?? "No.";
      return { code: word.replace("*", "Some"), message, call: place === "giving back" ? "openImage" : "closeImage" };
    });
}

t.test("each code of the table is read by the SDK, and becomes what the table says", async (t) => {
  const { simulator, images } = await open(t);
  let asked = 0;
  for (const row of CODES)
    for (const { code, message, call } of answersOf(row)) {
      const lift = simulator.faults.add({
        kind: "error",
        code,
        message,
        action: "ModifyImageAttribute",
        times: Infinity,
      });
      const before = simulator.journal.entries.length;
      const error = await failureOf(
        call === "openImage" ? images.openImage(REGION, AMI) : images.closeImage(REGION, AMI),
      );
      lift();
      asked += 1;
      const { scope, refusal } = TREATMENTS[row.is];
      if (refusal === null) t.match(error, { name: "UpstreamError", code, scope }, code);
      else t.match(error, { name: "RefusedError", code: refusal }, code);
      const attempts = simulator.journal.entries.length - before;
      const isPassing = row.is === "throttled" || row.is === "passing";
      t.ok(isPassing || attempts === 1, `${code}: ${attempts} attempts`);
      const words = (error as Error).message;
      t.ok(words.includes(row.means), words);
      const told = publicReason(`${refusal ?? "failed"}: ${words}`);
      t.notMatch(told.why, /ami-|\d{12}|No\./, told.why);
    }
  t.ok(asked > 50, `${asked} codes`);
});

t.test("what the SDK repeats by itself is what the table calls throttled or passing", async (t) => {
  const { simulator, images } = await open(t);
  const codes = [
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "SlowDown",
    "InternalError",
    "Unavailable",
  ];
  for (const code of codes) {
    const before = simulator.journal.entries.length;
    const lift = simulator.faults.add({ kind: "error", code, action: "ModifyImageAttribute", times: Infinity });
    await failureOf(images.closeImage(REGION, AMI));
    lift();
    t.equal(simulator.journal.entries.length - before, 3, code);
  }
});

t.test("a code that nobody knows is told by its status", async (t) => {
  const { simulator, images } = await open(t);
  const rows: readonly (readonly [number, object])[] = [
    [400, { name: "RefusedError", code: "request" }],
    [403, { name: "RefusedError", code: "request" }],
    [429, { name: "UpstreamError", scope: "region" }],
    [500, { name: "UpstreamError", scope: "call" }],
    [599, { name: "UpstreamError", scope: "call" }],
  ];
  for (const [status, expected] of rows) {
    const lift = simulator.faults.add({ kind: "error", code: "SomethingNew", status, times: Infinity });
    t.match(await failureOf(images.closeImage(REGION, AMI)), expected, String(status));
    lift();
  }
});

t.test("a web page in place of an answer is no refusal, whatever its status", async (t) => {
  const { simulator, images } = await open(t);
  for (const status of [200, 302, 403, 404, 407, 502, 503]) {
    const lift = simulator.faults.add({ kind: "garbage", body: "html", status, times: Infinity });
    const error = await failureOf(images.closeImage(REGION, AMI));
    lift();
    t.match(error, { name: "UpstreamError", scope: "call" }, String(status));
  }
});

t.test("a cut connection and an endpoint that is not there are the way's failures", async (t) => {
  const { simulator, images } = await open(t);
  const cut: Fault = { kind: "withhold", connection: "cut", times: Infinity };
  simulator.faults.add(cut);
  t.match(await failureOf(images.closeImage(REGION, AMI)), {
    name: "UpstreamError",
    code: "ECONNRESET",
    scope: "call",
  });
  await simulator.close();
  t.match(await failureOf(images.closeImage(REGION, AMI)), {
    name: "UpstreamError",
    code: "ECONNREFUSED",
    scope: "call",
  });
});

t.test(
  "NotFound right after a success is looked at again; deleting ends only when EC2 does not know the id either",
  async (t) => {
    const { simulator, images } = await open(t);
    for (const code of ["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"]) {
      simulator.faults.add({ kind: "error", code, action: "ModifyImageAttribute" });
      t.match(await failureOf(images.closeImage(REGION, AMI)), { name: "UpstreamError", code, scope: "image" });
      simulator.faults.add({ kind: "error", code, action: "DeregisterImage" });
      t.match(await failureOf(images.deregister(REGION, AMI)), { name: "UpstreamError", code, scope: "image" });
    }
    t.equal(await images.deregister(REGION, AMI), "deregistered");
    t.equal(await images.deregister(REGION, AMI), "gone");
  },
);

t.test("an encoded message, which differs each time, does not make a refusal new", async (t) => {
  const { simulator, images } = await open(t);
  const texts: string[] = [];
  for (const encoded of ["abc", "xyz"]) {
    const message = `You are not authorized to perform this operation. Encoded authorization failure message: ${encoded}`;
    simulator.faults.add({ kind: "error", code: "UnauthorizedOperation", message });
    const error = await failureOf(images.closeImage(REGION, AMI));
    t.ok(error instanceof RefusedError && !(error instanceof UpstreamError));
    texts.push((error as Error).message);
  }
  t.equal(texts[0], texts[1]);
});

t.test("a source of credentials that fails, whatever it says, is nobody's permission", (t) => {
  const named = (name: string, more: object = {}): Error => Object.assign(new Error("no credentials"), { name }, more);
  const errors = [
    named("CredentialsProviderError"),
    named("ProviderError", { code: "ECONNREFUSED" }),
    named("TokenProviderError"),
    new SyntaxError("Unexpected token '<', \"<html>\" is not valid JSON"),
    new TypeError("Invalid RFC-3339 date-time value never"),
  ];
  for (const error of errors)
    t.match(translateEc2(error, "look", [REGION, [AMI]]), { name: "UpstreamError", scope: "credentials" }, error.name);
  const bug = new TypeError("undefined is not a function");
  t.equal(translateEc2(bug, "look", [REGION]), bug, "a bug stays one");
  t.end();
});
