import { EC2Client, EC2ServiceException } from "@aws-sdk/client-ec2";
import type { Test } from "tap";
import { startEc2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import type { Ec2Simulator, Ec2SimulatorOptions } from "../../../src/demo/outside/ec2/simulator.ts";

export const REGION = "eu-west-1";
/** The account of the simulator's default access key. */
export const OURS = "111122223333";
export const THEIRS = "444455556666";

export interface Ec2Bench {
  readonly ec2: Ec2Simulator;
  readonly client: EC2Client;
  /** A bare SDK client, without the SDK's own repeats, that is gone when the test ends. */
  readonly clientFor: (region: string, accessKeyId?: string, secretAccessKey?: string) => EC2Client;
}

/** A simulator with a client for it; both are closed when the test ends. */
export async function startEc2(t: Test, options: Ec2SimulatorOptions = {}): Promise<Ec2Bench> {
  const ec2 = await startEc2Simulator(options);
  t.teardown(() => ec2.close());
  const clientFor = (region: string, accessKeyId = "simulated", secretAccessKey = "any"): EC2Client => {
    const credentials = { accessKeyId, secretAccessKey };
    const client = new EC2Client({ region, endpoint: ec2.url, credentials, maxAttempts: 1 });
    t.teardown(() => {
      client.destroy();
    });
    return client;
  };
  return { ec2, client: clientFor(REGION), clientFor };
}

/** The code and HTTP status of a refusal as the SDK tells them: `InvalidAMIID.NotFound 400`. */
export async function refusal(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
  } catch (error) {
    if (error instanceof EC2ServiceException) return `${error.name} ${String(error.$metadata.httpStatusCode)}`;
    throw error;
  }
  return "no refusal";
}

/** A clock that stands still until it is moved. */
export function standingClock(at: number): { readonly now: () => number; readonly pass: (ms: number) => void } {
  let now = at;
  return {
    now: () => now,
    pass: (ms) => {
      now += ms;
    },
  };
}
