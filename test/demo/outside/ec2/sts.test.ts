import { DescribeImagesCommand, DisableImageCommand, EC2Client } from "@aws-sdk/client-ec2";
import t from "tap";
import { startEc2Simulator } from "../../../../src/demo/outside/ec2/simulator.ts";
import type { Ec2Simulator } from "../../../../src/demo/outside/ec2/simulator.ts";
import { OURS, refusal, REGION, standingClock, startEc2, THEIRS } from "../../../support/outside/ec2-client.ts";
import { callSts } from "../../../support/outside/sts.ts";
import type { Credentials } from "../../../support/outside/sts.ts";

const START = Date.parse("2026-11-24T00:00:00Z");
const ROLE = `arn:aws:iam::${THEIRS}:role/service/clean-amis`;
const OPEN_ROLE = `arn:aws:iam::${THEIRS}:role/open`;
const KEY = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "a secret/of+ours" };
const ACCOUNTS = {
  AKIDEXAMPLE: {
    id: OURS,
    secretAccessKey: KEY.secretAccessKey,
    roles: [{ arn: ROLE, externalId: "the-id", denied: ["DisableImage"] }, { arn: OPEN_ROLE }],
  },
  AKIDOTHER: { id: OURS },
};
const ASSUME = { Action: "AssumeRole", RoleArn: ROLE, RoleSessionName: "night", ExternalId: "the-id" };
const WHO = { Action: "GetCallerIdentity" };

async function assume(ec2: Ec2Simulator, changes: Readonly<Record<string, string>> = {}): Promise<Credentials> {
  const { text } = await callSts(ec2, KEY, { ...ASSUME, ...changes });
  return {
    accessKeyId: text("AccessKeyId"),
    secretAccessKey: text("SecretAccessKey"),
    sessionToken: text("SessionToken"),
  };
}

t.test("a key is told whom it stands for, in the envelope of the Security Token Service", async (t) => {
  const { ec2 } = await startEc2(t, { accounts: ACCOUNTS });
  const { outcome, body, text } = await callSts(ec2, KEY, WHO);

  t.equal(outcome, "200");
  t.equal(
    body,
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
      `<Arn>arn:aws:iam::${OURS}:user/AKIDEXAMPLE</Arn><UserId>${text("UserId")}</UserId><Account>${OURS}</Account>` +
      "</GetCallerIdentityResult><ResponseMetadata>" +
      `<RequestId>${ec2.journal.entries[0]?.requestId ?? ""}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
  );
  t.match(text("UserId"), /^AIDA[0-9A-F]{17}$/);
  t.match(ec2.journal.entries, [
    { service: "sts", action: "GetCallerIdentity", account: OURS, region: "us-east-1", mutating: false, status: 200 },
  ]);
});

t.test("a role that was assumed acts in its own account, with its own permissions", async (t) => {
  const clock = standingClock(START + 999);
  const { ec2 } = await startEc2(t, { now: clock.now, accounts: ACCOUNTS });
  ec2.addImage(REGION, { isPublic: false });
  const theirs = ec2.addImage(REGION, { ownerId: THEIRS, isPublic: false });
  const answer = await callSts(ec2, KEY, ASSUME);
  t.equal(answer.text("Arn"), `arn:aws:sts::${THEIRS}:assumed-role/clean-amis/night`);
  t.match(answer.text("AssumedRoleId"), /^AROA[0-9A-F]{17}:night$/);
  t.equal(answer.text("Expiration"), "2026-11-24T01:00:00Z");

  const credentials = await assume(ec2);
  const client = new EC2Client({ region: REGION, endpoint: ec2.url, credentials, maxAttempts: 1 });
  t.teardown(() => {
    client.destroy();
  });
  const { Images } = await client.send(new DescribeImagesCommand({ Owners: ["self"] }));
  t.same(
    Images?.map((image) => image.ImageId),
    [theirs.id],
  );
  t.equal(await refusal(client.send(new DisableImageCommand({ ImageId: theirs.id }))), "UnauthorizedOperation 403");
  const identity = await callSts(ec2, credentials, WHO);
  t.equal(identity.text("Arn"), `arn:aws:sts::${THEIRS}:assumed-role/clean-amis/night`);
  t.equal(identity.text("Account"), THEIRS);
  t.match(ec2.journal.of("DescribeImages"), [{ account: THEIRS, service: "ec2" }]);
});

t.test("the wrong external id, an unknown role and a key that may not are refused alike", async (t) => {
  const { ec2 } = await startEc2(t, { accounts: ACCOUNTS });
  const ask = async (changes: Readonly<Record<string, string>>, key: Credentials = KEY): Promise<string> =>
    (await callSts(ec2, key, { ...ASSUME, ...changes })).outcome;
  const withoutId = { Action: "AssumeRole", RoleArn: ROLE, RoleSessionName: "night" };

  t.equal(await ask({ ExternalId: "another" }), "403 AccessDenied");
  t.equal((await callSts(ec2, KEY, withoutId)).outcome, "403 AccessDenied");
  t.equal(await ask({ RoleArn: `arn:aws:iam::${THEIRS}:role/nobody` }), "403 AccessDenied");
  t.equal(await ask({}, { accessKeyId: "AKIDOTHER", secretAccessKey: "any" }), "403 AccessDenied");
  t.equal(await ask({ RoleArn: OPEN_ROLE }, await assume(ec2)), "403 AccessDenied", "no role leads to another");
  t.equal(await ask({ RoleArn: OPEN_ROLE, ExternalId: "needless" }), "200");
  const { text } = await callSts(ec2, KEY, { ...ASSUME, ExternalId: "another" });
  t.equal(
    text("Message"),
    `User: arn:aws:iam::${OURS}:user/AKIDEXAMPLE is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`,
  );
});

t.test("a temporary key ends with its time, and each service says so in its own words", async (t) => {
  const clock = standingClock(START);
  const { ec2 } = await startEc2(t, { now: clock.now, accounts: ACCOUNTS });
  const credentials = await assume(ec2, { DurationSeconds: "900" });
  const client = new EC2Client({ region: REGION, endpoint: ec2.url, credentials, maxAttempts: 1 });
  t.teardown(() => {
    client.destroy();
  });
  const describe = (): Promise<string> => refusal(client.send(new DescribeImagesCommand({})));

  clock.pass(900_000 - 1);
  t.equal(await describe(), "no refusal");
  clock.pass(1);
  t.equal(await describe(), "RequestExpired 400");
  t.equal((await callSts(ec2, credentials, WHO)).outcome, "403 ExpiredToken");
  t.equal((await callSts(ec2, KEY, WHO)).outcome, "200", "a user's own key lasts");
});

t.test("a temporary key is good with its own secret and token only", async (t) => {
  const { ec2, clientFor } = await startEc2(t, { accounts: ACCOUNTS });
  const { accessKeyId, secretAccessKey, sessionToken = "" } = await assume(ec2);
  const who = async (key: Credentials): Promise<string> => (await callSts(ec2, key, WHO)).outcome;

  t.equal(await who({ accessKeyId, secretAccessKey, sessionToken }), "200");
  t.equal(await who({ accessKeyId, secretAccessKey }), "403 InvalidClientTokenId");
  t.equal(await who({ accessKeyId, secretAccessKey, sessionToken: "another" }), "403 InvalidClientTokenId");
  t.equal(await who({ accessKeyId, secretAccessKey: "another", sessionToken }), "403 SignatureDoesNotMatch");
  t.equal(await who({ ...KEY, sessionToken }), "403 InvalidClientTokenId");
  t.equal(await who({ accessKeyId: "AKIDNOBODY", secretAccessKey }), "403 InvalidClientTokenId");
  const withoutToken = clientFor(REGION, accessKeyId, secretAccessKey).send(new DescribeImagesCommand({}));
  t.equal(await refusal(withoutToken), "AuthFailure 401");
});

t.test("what is not of the protocol is refused in the service's envelope", async (t) => {
  const { ec2 } = await startEc2(t, { accounts: ACCOUNTS });
  const ask = async (parameters: Readonly<Record<string, string>>): Promise<string> =>
    (await callSts(ec2, KEY, parameters)).outcome;

  t.equal(await ask({ Action: "GetSessionToken" }), "400 InvalidAction");
  t.equal(await ask({ Action: "DescribeImages" }), "400 InvalidAction");
  t.equal(await ask({ ...WHO, Colour: "blue" }), "400 UnknownParameter");
  t.equal(await ask({ ...WHO, Version: "2016-11-15" }), "400 InvalidAction");
  t.equal(await ask({ Action: "DescribeImages", Version: "2016-11-15" }), "401 AuthFailure", "signed for another");
  t.equal(await ask({ ...ASSUME, RoleSessionName: "a night" }), "400 ValidationError");
  t.equal(await ask({ Action: "AssumeRole", RoleArn: ROLE }), "400 ValidationError");
  t.equal(await ask({ ...ASSUME, RoleArn: "short" }), "400 ValidationError");
  t.equal(await ask({ ...ASSUME, ExternalId: "x" }), "400 ValidationError");
  t.equal(await ask({ ...ASSUME, DurationSeconds: "899" }), "400 ValidationError");
  t.equal(await ask({ ...ASSUME, DurationSeconds: "3601" }), "400 ValidationError");
  const form = new URLSearchParams({ ...WHO, Version: "2011-06-15" });
  const unsigned = await fetch(ec2.url, { method: "POST", body: form });
  t.equal(unsigned.status, 403);
  t.match(
    await unsigned.text(),
    /^<ErrorResponse xmlns="https:\/\/sts[^>]*><Error><Type>Sender<\/Type><Code>MissingAuthenticationToken</,
  );
});

t.test("calls of the Security Token Service meet faults, too", async (t) => {
  const { ec2 } = await startEc2(t, { accounts: ACCOUNTS });
  ec2.faults.add({ kind: "error", code: "InternalFailure", status: 500, action: "AssumeRole" });

  const { outcome, body } = await callSts(ec2, KEY, ASSUME);
  t.equal(outcome, "500 InternalFailure");
  t.match(body, "<Type>Receiver</Type>");
  t.equal((await callSts(ec2, KEY, ASSUME)).outcome, "200");
});

t.test("a role whose ARN is none is noticed at the start", (t) =>
  t.rejects(startEc2Simulator({ accounts: { a: { id: OURS, roles: [{ arn: "clean-amis" }] } } }), {
    message: "clean-amis is not the ARN of a role.",
  }),
);
