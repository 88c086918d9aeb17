import {
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DisableImageCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import t from "tap";
import { OURS, refusal, REGION, standingClock, startEc2 } from "../../../support/outside/ec2-client.ts";

/** A promise and the way to resolve it. */
function latch(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    opened,
    open: () => {
      open();
    },
  };
}

const list = new DescribeImagesCommand({});

t.test("the journal tells every call with its time, caller, parameters, answer and effect", async (t) => {
  const clock = standingClock(1000);
  const { ec2, client, clientFor } = await startEc2(t, { now: clock.now });
  const { id } = ec2.addImage(REGION);
  await client.send(list);
  clock.pass(5);
  await client.send(new DeregisterImageCommand({ ImageId: id }));
  await refusal(clientFor("us-east-1").send(new DeregisterImageCommand({ ImageId: id })));

  t.match(ec2.journal.entries, [
    { at: 1000, action: "DescribeImages", parameters: {}, resources: [], mutating: false, effect: null, status: 200 },
    {
      at: 1005,
      endedAt: 1005,
      region: REGION,
      account: OURS,
      action: "DeregisterImage",
      parameters: { ImageId: id },
      resources: [id],
      status: 200,
      errorCode: null,
      mutating: true,
      effect: { kind: "image-deregistered", imageId: id, deletedSnapshotIds: [] },
      fault: null,
    },
    { region: "us-east-1", status: 400, errorCode: "InvalidAMIID.NotFound", mutating: true, effect: null },
  ]);
  t.same(ec2.journal.countByAction(), { DeregisterImage: 2, DescribeImages: 1 });
  t.equal(ec2.journal.of("DeregisterImage").length, 2);
  t.equal(ec2.journal.naming(id).length, 2);
  t.equal(ec2.journal.mutating().length, 2);
});

t.test("a fault hits only the calls it is meant for, as often as told", async (t) => {
  const { ec2, client, clientFor } = await startEc2(t);
  const [one, two] = [ec2.addSnapshot(REGION), ec2.addSnapshot(REGION)];
  const drop = (SnapshotId: string): Promise<string> => refusal(client.send(new DeleteSnapshotCommand({ SnapshotId })));
  ec2.faults.add({ kind: "error", code: "InternalError", status: 500, resource: two.id });
  ec2.faults.add({
    kind: "error",
    code: "Unavailable",
    status: 503,
    region: REGION,
    action: "DescribeImages",
    skip: 1,
    times: 2,
  });

  t.equal(await drop(one.id), "no refusal");
  t.equal(await drop(two.id), "InternalError 500");
  t.ok(ec2.snapshot(REGION, two.id), "the call did nothing");
  t.equal(await drop(two.id), "no refusal");
  t.equal(await refusal(clientFor("us-east-1").send(list)), "no refusal");
  const answers = [];
  for (let call = 0; call < 4; call += 1) answers.push(await refusal(client.send(list)));
  t.same(answers, ["no refusal", "Unavailable 503", "Unavailable 503", "no refusal"]);
});

t.test("a lasting fault ends when it is lifted", async (t) => {
  const { ec2, client } = await startEc2(t);
  const lift = ec2.faults.add({ kind: "error", code: "UnauthorizedOperation", status: 403, times: Infinity });
  t.equal(await refusal(client.send(list)), "UnauthorizedOperation 403");
  t.equal(await refusal(client.send(list)), "UnauthorizedOperation 403");
  lift();
  t.equal(await refusal(client.send(list)), "no refusal");
  ec2.faults.add({ kind: "throttle" });
  ec2.faults.clear();
  t.equal(await refusal(client.send(list)), "no refusal");
});

t.test("a throttled call is repeated by the SDK's own rules", async (t) => {
  const { ec2 } = await startEc2(t);
  const credentials = { accessKeyId: "simulated", secretAccessKey: "any" };
  const client = new EC2Client({ region: REGION, endpoint: ec2.url, credentials, maxAttempts: 2 });
  t.teardown(() => {
    client.destroy();
  });
  ec2.faults.add({ kind: "throttle" });

  t.equal((await client.send(list)).$metadata.attempts, 2);
  t.same(
    ec2.journal.entries.map(({ status, errorCode, fault }) => [status, errorCode, fault]),
    [
      [503, "RequestLimitExceeded", "throttle"],
      [200, null, null],
    ],
  );
});

t.test("an answer that is withheld leaves open whether the call took effect", async (t) => {
  const { ec2, client } = await startEc2(t);
  const before = ec2.addImage(REGION);
  const after = ec2.addImage(REGION);
  ec2.faults.add({ kind: "withhold", connection: "cut", resource: before.id });
  ec2.faults.add({ kind: "withhold", connection: "cut", resource: after.id, when: "after" });

  for (const { id } of [before, after])
    await t.rejects(client.send(new DisableImageCommand({ ImageId: id })), { code: "ECONNRESET" });
  t.equal(ec2.image(REGION, before.id)?.state, "available");
  t.equal(ec2.image(REGION, after.id)?.state, "disabled");
  t.same(
    ec2.journal.entries.map(({ status, effect }) => [status, effect?.kind ?? null]),
    [
      [null, null],
      [null, "image-state"],
    ],
  );
});

t.test("a connection can be kept without an answer until the client gives up", async (t) => {
  const { ec2, client } = await startEc2(t);
  ec2.faults.add({ kind: "withhold", connection: "keep" });
  const giveUp = new AbortController();
  const answer = client.send(list, { abortSignal: giveUp.signal });
  const refused = t.rejects(answer, { name: "AbortError" });

  t.match(await ec2.nextCall(), { status: null, fault: "withhold" });
  giveUp.abort();
  await refused;
});

t.test("a call can be held until a test lets it go", async (t) => {
  const { ec2, client } = await startEc2(t);
  const { id } = ec2.addImage(REGION);
  const [arrived, gate] = [latch(), latch()];
  const until = (): Promise<void> => {
    arrived.open();
    return gate.opened;
  };
  ec2.faults.add({ kind: "hold", until, action: "DisableImage" });
  const disabled = client.send(new DisableImageCommand({ ImageId: id }));
  await arrived.opened;
  await client.send(list);

  t.equal(ec2.image(REGION, id)?.state, "available", "what is held has done nothing yet");
  gate.open();
  await disabled;
  t.equal(ec2.image(REGION, id)?.state, "disabled");
  t.same(
    ec2.journal.entries.map((entry) => entry.action),
    ["DescribeImages", "DisableImage"],
  );
});

t.test("what a client asked for happens even when it has given up waiting", async (t) => {
  const { ec2, client } = await startEc2(t);
  const { id } = ec2.addImage(REGION);
  const [arrived, gate] = [latch(), latch()];
  const until = (): Promise<void> => {
    arrived.open();
    return gate.opened;
  };
  ec2.faults.add({ kind: "hold", until });
  const giveUp = new AbortController();
  const disable = client.send(new DisableImageCommand({ ImageId: id }), { abortSignal: giveUp.signal });
  const refused = t.rejects(disable, { name: "AbortError" });
  await arrived.opened;
  giveUp.abort();
  await refused;

  const done = ec2.nextCall();
  gate.open();
  t.match(await done, { action: "DisableImage", effect: { kind: "image-state" } });
  t.equal(ec2.image(REGION, id)?.state, "disabled");
});

t.test("a delayed call is answered as ever, but later", async (t) => {
  const { ec2, client } = await startEc2(t);
  ec2.faults.add({ kind: "delay", ms: 60 });
  const begun = performance.now();
  await client.send(list);

  t.ok(performance.now() - begun >= 55);
  t.match(ec2.journal.entries, [{ status: 200, fault: "delay" }]);
});

t.test("an answer that is no EC2 answer is an error to the SDK", async (t) => {
  const { ec2, client } = await startEc2(t);
  const { id } = ec2.addImage(REGION);
  ec2.faults.add({ kind: "garbage", body: "html" });
  ec2.faults.add({ kind: "garbage", body: "truncated" });
  ec2.faults.add({ kind: "garbage", body: "truncated", when: "after" });

  await t.rejects(client.send(list));
  await t.rejects(client.send(list));
  await t.rejects(client.send(new DisableImageCommand({ ImageId: id })));
  t.equal(ec2.image(REGION, id)?.state, "disabled");
});

t.test("closing ends held, delayed and silent calls, and may be done twice", async (t) => {
  const { ec2, client } = await startEc2(t);
  const arrived = ec2.nextCall();
  ec2.faults.add({ kind: "withhold", connection: "keep" });
  ec2.faults.add({ kind: "hold", until: () => latch().opened });
  ec2.faults.add({ kind: "delay", ms: 3_600_000 });
  const calls = [client.send(list), client.send(list), client.send(list)];
  const ended = Promise.allSettled(calls);
  await arrived;
  const never = t.rejects(
    ec2.nextCall((entry) => entry.action === "Never"),
    /closed before such a call/,
  );
  await ec2.close();
  await ec2.close();

  t.same(
    (await ended).map(({ status }) => status),
    ["rejected", "rejected", "rejected"],
  );
  await never;
});

t.test("a listener hears of each call until it is taken off", async (t) => {
  const { ec2, client } = await startEc2(t);
  const heard: string[] = [];
  const end = ec2.onCall((entry) => heard.push(entry.action));
  await client.send(list);
  end();
  await client.send(list);

  t.same(heard, ["DescribeImages"]);
});
