import type { Cluster } from "ioredis";
import { mastersOf } from "./cluster.ts";

const LOOK_MS = 1_000;

/** Tells that a node of a Cluster is away, and that all masters answer again: the client goes on by itself. */
export class NodeWatch {
  readonly #cluster: Cluster;
  readonly #back: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  constructor(cluster: Cluster, away: (error: Error) => void, back: () => void) {
    this.#cluster = cluster;
    this.#back = back;
    cluster.on("node error", (error: Error) => {
      if (cluster.status !== "ready") return;
      away(error);
      this.#timer ??= setInterval(() => void this.#look(), LOOK_MS).unref();
    });
    cluster.on("end", () => {
      clearInterval(this.#timer);
    });
  }

  async #askAll(): Promise<void> {
    await Promise.all(mastersOf(this.#cluster).map((node) => node.time()));
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const [answer] = await Promise.allSettled([this.#askAll()]);
    this.#isLooking = false;
    if (answer.status === "rejected" || this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#back();
  }
}
