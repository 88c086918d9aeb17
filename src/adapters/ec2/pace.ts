import type { EC2Client } from "@aws-sdk/client-ec2";
import { isThrottled } from "./errors.ts";
import { emptied, fullBucket, limitOf, shareOf, takeToken, type Bucket, type Limit } from "../../domain/limits/pace.ts";
import { SECOND_MS } from "../../domain/time.ts";
import type { Clock, MayCall, Meter } from "../../ports/index.ts";

/** What does not care which command it stands in. */
type AnyMiddleware = <Call, Answer>(next: (call: Call) => Promise<Answer>) => (call: Call) => Promise<Answer>;
interface Command {
  readonly middlewareStack: { addRelativeTo(middleware: AnyMiddleware, place: typeof GATE_PLACE): void };
}

/** Inside the SDK's repeats, so that each attempt is counted; before the signature, whose time must not be old. */
const PACE_PLACE = { name: "pace", relation: "after", toMiddleware: "retryMiddleware" } as const;
const GATE_PLACE = { name: "gate", relation: "after", toMiddleware: "pace" } as const;

/** This process' part of EC2's token buckets, one for each region and action. */
export class Pace {
  readonly #clock: Clock;
  readonly #share: number;
  readonly #replicas: () => number;
  readonly #meter: Pick<Meter, "ec2" | "ec2Wait">;
  readonly #buckets = new Map<string, Bucket>();

  /** `share`: above 0 and up to 1, of so many `replicas` together; they come and go, and are asked for at each call. */
  constructor(
    clock: Clock,
    { share, replicas }: { readonly share: number; readonly replicas: () => number },
    meter: Pick<Meter, "ec2" | "ec2Wait">,
  ) {
    this.#clock = clock;
    this.#share = share;
    this.#replicas = replicas;
    this.#meter = meter;
  }

  /** Lets every attempt of the client wait for its token, whoever calls, the SDK's own repeats and pages among them. */
  watch(client: EC2Client, region: string): void {
    client.middlewareStack.addRelativeTo(this.#middleware(region), PACE_PLACE);
  }

  #middleware(region: string) {
    return <Call extends { readonly input: object }, Answer>(
        next: (call: Call) => Promise<Answer>,
        context: { readonly commandName?: string },
      ) =>
      async (call: Call): Promise<Answer> => {
        const action = (context.commandName ?? "").replace(/Command$/, "");
        const isWhole = asksForAll(call.input);
        await this.#take(region, action, isWhole);
        const start = performance.now();
        const told = (result: string): void => {
          this.#meter.ec2(action, result, (performance.now() - start) / SECOND_MS);
        };
        try {
          const answer = await next(call);
          told("ok");
          return answer;
        } catch (error) {
          told(codeOf(error));
          if (isThrottled(error)) this.#empty(region, action, isWhole);
          throw error;
        }
      };
  }

  async #take(region: string, action: string, isWhole: boolean): Promise<void> {
    const [key, limit, kept] = this.#bucketOf(region, action, isWhole);
    const { bucket, waitMs } = takeToken(kept, limit, this.#clock.now());
    this.#buckets.set(key, bucket);
    if (waitMs <= 0) return;
    this.#meter.ec2Wait(action, waitMs / SECOND_MS);
    await this.#clock.sleep(waitMs);
  }

  #empty(region: string, action: string, isWhole: boolean): void {
    const [key, limit, kept] = this.#bucketOf(region, action, isWhole);
    this.#buckets.set(key, emptied(kept, limit, this.#clock.now()));
  }

  #bucketOf(region: string, action: string, isWhole: boolean): readonly [string, Limit, Bucket] {
    const key = `${region} ${action} ${isWhole ? "whole" : ""}`;
    const limit = shareOf(limitOf(action, isWhole), this.#share, this.#replicas());
    return [key, limit, this.#buckets.get(key) ?? fullBucket(limit, this.#clock.now())];
  }
}

/**
 * The command, that asks `mayCall` right before each attempt, when it has its token: what throws there keeps it from going
 * out.
 */
export function gated<T extends Command>(command: T, mayCall: MayCall | undefined): T {
  if (mayCall === undefined) return command;
  const middleware: AnyMiddleware = (next) => async (call) => {
    await mayCall();
    return next(call);
  };
  command.middlewareStack.addRelativeTo(middleware, GATE_PLACE);
  return command;
}

/** EC2's own word for a failure, or Node's for a connection. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" ? code : error.name;
}

/** Whether a question is neither "filtered" nor "paginated". */
function asksForAll(input: object): boolean {
  return (
    !("Filters" in input && input.Filters !== undefined) && !("MaxResults" in input && input.MaxResults !== undefined)
  );
}
