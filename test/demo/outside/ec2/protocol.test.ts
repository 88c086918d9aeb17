import { DescribeImagesCommand, GetImageBlockPublicAccessStateCommand } from "@aws-sdk/client-ec2";
import t from "tap";
import { startEc2Simulator, type Ec2Simulator } from "../../../../src/demo/outside/ec2/simulator.ts";
import { OURS, refusal, REGION, startEc2 } from "../../../support/outside/ec2-client.ts";

const SIGNATURE = "0".repeat(64);
const AUTHORIZATION =
  `AWS4-HMAC-SHA256 Credential=simulated/20261124/${REGION}/ec2/aws4_request, ` +
  `SignedHeaders=host;x-amz-date, Signature=${SIGNATURE}`;

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function post(ec2: Ec2Simulator, form: string, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await fetch(ec2.url, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", authorization: AUTHORIZATION, ...headers },
    body: form,
  });
  return { status: answer.status, body: await answer.text() };
}

/** `400 InvalidAction` */
async function code(ec2: Ec2Simulator, form: string, headers: Record<string, string> = {}): Promise<string> {
  const { status, body } = await post(ec2, form, headers);
  return `${status} ${/<Code>(.*)<\/Code>/.exec(body)?.[1] ?? "no code"}`;
}

const CALL = "Action=DescribeImages&Version=2016-11-15";

t.test("an answer has EC2's name space and the request's id", async (t) => {
  const { ec2 } = await startEc2(t);
  const { status, body } = await post(ec2, CALL);

  const requestId = ec2.journal.entries[0]?.requestId ?? "";
  t.equal(status, 200);
  t.equal(
    body,
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      '<DescribeImagesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">' +
      `<requestId>${requestId}</requestId><imagesSet></imagesSet></DescribeImagesResponse>`,
  );
});

t.test("a refusal comes in EC2's envelope", async (t) => {
  const { ec2 } = await startEc2(t);
  const { status, body } = await post(ec2, "Action=Describe%3CImages%3E&Version=2016-11-15");

  const requestId = ec2.journal.entries[0]?.requestId ?? "";
  t.equal(status, 400);
  t.equal(
    body,
    '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>InvalidAction</Code>' +
      "<Message>The action Describe&lt;Images&gt; is not valid for this web service.</Message></Error></Errors>" +
      `<RequestID>${requestId}</RequestID></Response>`,
  );
});

t.test("a call that is not of the protocol is refused with EC2's code", async (t) => {
  const { ec2 } = await startEc2(t, { onNotSimulated: () => undefined });

  t.equal(await code(ec2, "Version=2016-11-15"), "400 MissingAction");
  for (const action of ["RunImages", "describeImages", "EC2Client", "__proto__", ""])
    t.match(await code(ec2, `Action=${action}&Version=2016-11-15`), /^400 (?:InvalidAction|MissingAction)$/, action);
  t.equal(await code(ec2, "Action=toString&Version=2016-11-15"), "400 InvalidAction");
  t.equal(await code(ec2, "Action=DescribeImages"), "400 MissingParameter");
  t.equal(await code(ec2, "Action=DescribeImages&Version=2014-10-01"), "400 NoSuchVersion");
  t.equal(await code(ec2, `${CALL}&Colour=blue`), "400 UnknownParameter");
  t.equal(await code(ec2, `${CALL}&ImageId=ami-12345678`), "400 UnknownParameter");
  t.equal(await code(ec2, `${CALL}&ImageId.0=ami-12345678`), "400 UnknownParameter");
  t.equal(await code(ec2, `${CALL}&Filter.1.Name=state&Filter.1.Values.1=x`), "400 UnknownParameter");
  t.equal(await code(ec2, `${CALL}&Filter.1.Name=state`), "400 InvalidParameterValue");
  t.equal(await code(ec2, `${CALL}&MaxResults=many`), "400 InvalidParameterValue");
  t.equal(await code(ec2, `${CALL}&DryRun=perhaps`), "400 InvalidParameterValue");
  t.equal(await code(ec2, `${CALL}&DryRun=true`), "412 DryRunOperation");
  t.equal(await code(ec2, `${CALL}&DryRun=true&DryRun=true`), "400 InvalidQueryParameter");
  t.equal(await code(ec2, "Action=DeleteSnapshot&Version=2016-11-15"), "400 MissingParameter");
  t.equal(await code(ec2, CALL, { "content-type": "application/json" }), "501 NotSimulated");
  t.equal((await fetch(`${ec2.url}/?${CALL}`)).status, 501);
});

t.test(
  "what EC2 knows and the simulator does not is told apart from a mistake, on standard error, and at its end",
  async (t) => {
    const lines: string[] = [];
    t.intercept(process.stderr, "write", {
      value: (line: string) => {
        lines.push(line);
        return true;
      },
    });
    const ec2 = await startEc2Simulator();
    t.equal(await code(ec2, "Action=RunInstances&ImageId=ami-12345678&Version=2016-11-15"), "501 NotSimulated");
    t.equal(await code(ec2, "Action=EnableImageDeprecation&Version=2016-11-15"), "501 NotSimulated");
    t.equal(await code(ec2, "Action=RunImages&Version=2016-11-15"), "400 InvalidAction");
    t.same(
      ec2.journal.entries.map(({ errorCode }) => errorCode),
      ["NotSimulated", "NotSimulated", "InvalidAction"],
    );
    t.same(lines, [
      'EC2 simulator: not simulated: RunInstances {"ImageId":"ami-12345678"}\n',
      "EC2 simulator: not simulated: EnableImageDeprecation {}\n",
    ]);
    await t.rejects(ec2.close(), /asked what it does not simulate: RunInstances .*; EnableImageDeprecation \{\}$/);
  },
);

t.test("what is asked beyond the simulator and expected ends no test", async (t) => {
  const calls: string[] = [];
  const ec2 = await startEc2Simulator({ onNotSimulated: (call) => calls.push(call) });
  t.equal(await code(ec2, "Action=CopyImage&Version=2016-11-15"), "501 NotSimulated");
  t.same(calls, ["CopyImage {}"]);
  await ec2.close();
});

t.test("a call that is not signed by a known key is refused", async (t) => {
  const { ec2, clientFor } = await startEc2(t);
  const unsigned = await fetch(ec2.url, { method: "POST", body: new URLSearchParams(CALL) });

  t.equal(unsigned.status, 400);
  t.match(await unsigned.text(), "<Code>MissingParameter</Code>");
  t.equal(await code(ec2, CALL, { authorization: "Bearer abc" }), "401 AuthFailure");
  t.equal(await code(ec2, CALL, { authorization: AUTHORIZATION.replace("/ec2/", "/s3/") }), "401 AuthFailure");
  const stranger = clientFor(REGION, "stranger").send(new DescribeImagesCommand({}));
  t.equal(await refusal(stranger), "AuthFailure 401");
  t.same(
    ec2.journal.entries.map(({ region, account, errorCode }) => [region, account, errorCode]),
    [
      [null, null, "MissingParameter"],
      [null, null, "AuthFailure"],
      [null, null, "AuthFailure"],
      [null, null, "AuthFailure"],
    ],
  );
});

t.test("where a secret is known, the signature is checked", async (t) => {
  const accounts = { AKIDEXAMPLE: { id: OURS, secretAccessKey: "a secret/of+ours" } };
  const { clientFor } = await startEc2(t, { accounts });
  const state = new GetImageBlockPublicAccessStateCommand({});

  t.equal(await refusal(clientFor(REGION, "AKIDEXAMPLE", "another").send(state)), "AuthFailure 401");
  const answer = await clientFor(REGION, "AKIDEXAMPLE", "a secret/of+ours").send(state);
  t.equal(answer.ImageBlockPublicAccessState, "unblocked");
});
