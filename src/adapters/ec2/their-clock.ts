import type { EC2Client } from "@aws-sdk/client-ec2";
import type { STSClient } from "@aws-sdk/client-sts";
import { apartMs, doAgree } from "../../domain/limits/clocks.ts";
import { SECOND_MS } from "../../domain/time.ts";
import { UpstreamError } from "../../errors.ts";

/** What of the SDK's own handler is used. */
interface Handler {
  handle(
    request: unknown,
    options?: unknown,
  ): Promise<{ readonly response: { readonly headers?: Readonly<Record<string, string>> } }>;
}

/**
 * What AWS' answers say of the time (`Date`, RFC 9110, 6.6.1). Our clock and Redis' may be wrong together, as on one machine, and
 * the SDK signs its calls by the time that AWS expects: nothing else would keep an image from what is due in a month. It is
 * this machine's own clock, by which the SDK reckons too, that is compared.
 */
export class TheirClock {
  #skewMs = 0;
  readonly #ofClients = new WeakMap<EC2Client | STSClient, number>();

  /** The same client, whose answers tell the time. */
  watch<T extends EC2Client | STSClient>(client: T): T {
    const handler = client.config.requestHandler as Handler;
    const handle = handler.handle.bind(handler);
    handler.handle = async (request, options) => {
      const asked = Date.now();
      const answer = await handle(request, options);
      const said = Date.parse(answer.response.headers?.["date"] ?? "");
      if (Number.isNaN(said)) return answer;
      this.#skewMs = apartMs(said, { asked, answered: Date.now() });
      this.#ofClients.set(client, this.#skewMs);
      return answer;
    };
    return client;
  }

  /** Whether it agreed with ours by the latest answer. */
  isOurs(): boolean {
    return doAgree({ skewMs: this.#skewMs });
  }

  /**
   * By the latest answer to this client: a region whose own clock is wrong must not speak for all, whenever its answers come. Throws
   * `UpstreamError`: by a clock that is so wrong nobody knows what is due.
   */
  check(client: EC2Client | STSClient): void {
    const skewMs = this.#ofClients.get(client) ?? this.#skewMs;
    if (doAgree({ skewMs })) return;
    const seconds = Math.round(skewMs / SECOND_MS);
    throw new UpstreamError(
      "ec2",
      "clock-skew",
      `this machine's clock and AWS' are ${seconds} s apart: nothing is acted on until they agree; set the clock (NTP)`,
      { scope: "account" },
    );
  }
}
