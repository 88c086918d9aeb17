import type { Readable } from "node:stream";
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { STSClient } from "@aws-sdk/client-sts";
import { wantedSignal } from "../abandon.ts";
import { TimeoutError } from "../limit.ts";
import { formatDuration } from "../../domain/time.ts";
import type { Log } from "../../ports/index.ts";

/** What the SDK does not send again. */
class AbortError extends Error {
  override readonly name = "AbortError";
}

/** What of the SDK's own handler is used: it makes one HTTP call, and resolves when the head of its answer is there. */
interface Handler {
  handle(
    request: { readonly hostname: string },
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<{ readonly response: { readonly body?: unknown } }>;
}

/**
 * Gives every answer a limit from the request to the last byte, and lets the work that it is for be given up. The SDK's own
 * limit ends with the headers: a body that stalls after them would never end, nor would whoever waits for it.
 */
export function limitAnswers<T extends EC2Client | STSClient>(client: T, limitMs: number, log: Log): T {
  const handler: Handler = client.config.requestHandler;
  const handle = handler.handle.bind(handler);
  handler.handle = async (request, options = {}) => {
    const ended = new AbortController();
    const end = (why: Error): void => {
      ended.abort(why);
    };
    const timer = setTimeout(() => {
      log.warn({ service: "ec2", host: request.hostname }, `no whole answer within ${formatDuration(limitMs)}`);
      end(new TimeoutError(`no whole answer within ${formatDuration(limitMs)}`));
    }, limitMs);
    const given = [options.abortSignal, wantedSignal()].filter((signal) => signal !== undefined);
    const release = given.map((signal) => listen(signal, end));
    const done = (): void => {
      clearTimeout(timer);
      for (const forget of release) forget();
    };
    try {
      const answer = await handle(request, { ...options, abortSignal: ended.signal });
      const body = answer.response.body as Readable;
      ended.signal.addEventListener("abort", () => {
        body.destroy(ended.signal.reason as Error);
      });
      body.once("close", done);
      return answer;
    } catch (error) {
      done();
      throw ended.signal.aborted ? (ended.signal.reason as Error) : error;
    }
  };
  return client;
}

/** Calls `end` once when the signal aborts; returns what ends the listening. */
function listen(signal: AbortSignal, end: (why: Error) => void): () => void {
  const onAbort = (): void => {
    end(new AbortError("given up", { cause: signal.reason }));
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort);
  return () => {
    signal.removeEventListener("abort", onAbort);
  };
}
