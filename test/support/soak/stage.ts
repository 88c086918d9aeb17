import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import type { Test } from "tap";
import { openApp } from "../../../src/app/open.ts";
import { runPass } from "../../../src/app/pass.ts";
import { openRecords, type Records } from "../../../src/app/records.ts";
import { openReconcile } from "../../../src/app/reconcile.ts";
import type { App } from "../../../src/app/service.ts";
import { loadConfig } from "../../../src/config/config.ts";
import type { Outgoing } from "../../../src/demo/cast/messages.ts";
import type { ComposeHost } from "../../../src/demo/outside/compose-host.ts";
import type { DatagrepperDouble } from "../../../src/demo/outside/datagrepper/double.ts";
import type { JournalEntry } from "../../../src/demo/outside/ec2/journal.ts";
import type { Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import type { ImageRecord, SnapshotRecord } from "../../../src/demo/outside/ec2/state/records.ts";
import type { PagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import { Publisher } from "../../../src/demo/publisher.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { RefusedError, UpstreamError } from "../../../src/errors.ts";
import { reconcile } from "../../../src/operate/reconcile.ts";
import { serverUrl } from "../servers/redis/redis.ts";
import { WayIn } from "../servers/broker/way-in.ts";
import { configText, openDoubles, SECRETS, type Doubles } from "./doubles.ts";
import type { Published } from "./press.ts";
import type { VirtualTime } from "./time.ts";

/** One pass in so many walks over all records. */
const WHOLE_WALK = 14;

/** The service as it is wired, on the run's own broker and Redis; EC2, forge, archive and compose host are doubles. */
export class Stage {
  readonly time: VirtualTime;
  readonly redis = new Redis(serverUrl("TEST_REDIS_URL"));
  readonly prefix = `soak-${randomUUID()}`;
  readonly simulator: Ec2Simulator;
  readonly forge: PagureDouble;
  readonly archive: DatagrepperDouble;
  readonly host: ComposeHost;
  readonly #publisher: Publisher;
  readonly #queue = randomUUID();
  readonly #dir: string;
  readonly #config: string;
  #running: Running | null = null;
  /** What was among the rejected when Redis forgot it. */
  readonly #rejected = new Set<string>();
  /** All that changed anything in EC2, in order. */
  readonly effects: Pick<JournalEntry, "at" | "effect">[] = [];
  /** Deregistered long ago, with all that was left of it then. */
  readonly gone = new Map<string, Remains>();
  passes = 0;
  /** Passes that ended with something that passes by itself. */
  failures = 0;

  private constructor(time: VirtualTime, dir: string, publisher: Publisher, doubles: Doubles) {
    this.time = time;
    this.#dir = dir;
    this.#config = join(dir, "config.toml");
    this.#publisher = publisher;
    this.simulator = doubles.simulator;
    this.forge = doubles.forge;
    this.archive = doubles.archive;
    this.host = doubles.host;
    this.simulator.journal.listen(({ at, effect }) => {
      if (effect !== null) this.effects.push({ at, effect });
    });
  }

  /** Everything but the service stands then; it is taken down with the test. */
  static async open(t: Pick<Test, "teardown">, time: VirtualTime): Promise<Stage> {
    const dir = await mkdtemp(join(tmpdir(), "clean-amis-soak-"));
    const exchange = `soak-${randomUUID()}`;
    const publisher = await Publisher.open(serverUrl("TEST_AMQP_URL"), exchange);
    const stage = new Stage(time, dir, publisher, await openDoubles(time));
    t.teardown(() => stage.#close());
    await writeFile(stage.#config, configText({ exchange, queue: stage.#queue, prefix: stage.prefix }, stage));
    return stage;
  }

  get app(): App {
    if (this.#running === null) throw new Error("the service is not running");
    return this.#running.app;
  }

  /** What the commands of an operator read and write. */
  get records(): Records {
    if (this.#running === null) throw new Error("the service is not running");
    return this.#running.records;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** Resolves when the service hears. */
  async start(): Promise<void> {
    const config = loadConfig(this.#config, SECRETS);
    const app = await openApp(config, "silent");
    const way = await WayIn.open(config.amqp, app.ingester);
    this.#running = { app, way, records: await openRecords(config) };
  }

  async stop(): Promise<void> {
    if (this.#running === null) return;
    const { app, way, records } = this.#running;
    this.#running = null;
    await way.close();
    await records.close();
    await app.close();
  }

  /** As the public broker does an hour after the last consumer has gone: what comes from now on is nobody's. */
  forgetQueue(): Promise<void> {
    return this.#publisher.deleteQueue(this.#queue);
  }

  /** Published, confirmed by the broker and archived; a service that runs has taken them then. */
  async send(messages: readonly Outgoing[]): Promise<void> {
    const way = this.#running?.way;
    const before = way?.consumer.counts.received ?? 0;
    await this.#publisher.send(messages);
    for (const message of messages) this.#keep(message);
    await way?.taken(before + messages.length);
  }

  /**
   * One pass of everything; one that fails is followed by the next. Of the walk over all records it takes a stretch, as `consume`
   * does in each of its many, and now and then the whole, as cron has it.
   */
  async pass(): Promise<void> {
    this.passes += 1;
    const { placeKeeper } = this.app;
    const step = (): Promise<number> => placeKeeper.step();
    const finish = (): Promise<number> => (this.passes % WHOLE_WALK === 0 ? placeKeeper.finish() : step());
    try {
      await runPass({ ...this.app, placeKeeper: { step, finish } }, null, () => Promise.resolve());
    } catch (error) {
      if (!(error instanceof UpstreamError || error instanceof RefusedError)) throw error;
      this.failures += 1;
    }
  }

  /** As the runbook says for a Redis that has lost its data. */
  async reconcile(): Promise<void> {
    const opened = await openReconcile(loadConfig(this.#config, SECRETS));
    try {
      await reconcile(null, { ...opened, isApplied: true }, () => Promise.resolve());
    } finally {
      await opened.close();
    }
  }

  /** Every key of the service. */
  async keys(): Promise<readonly string[]> {
    const found = new Set<string>();
    for await (const keys of this.redis.scanStream({ match: `${this.prefix}:*`, count: 1000 }))
      for (const key of keys as string[]) found.add(key);
    return [...found].sort();
  }

  /** What EC2 holds of an image. */
  remainsOf({ region, amiId, snapshotIds }: Pick<Published, "region" | "amiId" | "snapshotIds">): Remains {
    const image = this.simulator.image(region, amiId);
    const snapshots = snapshotIds.map((id) => this.simulator.snapshot(region, id));
    return this.gone.get(amiId) ?? { image, snapshots };
  }

  /** EC2 forgets what has been gone for days, and its calls: each question would look through all of them. */
  tidy(images: readonly Published[]): void {
    this.simulator.journal.forget();
    for (const image of images) {
      const remains = this.remainsOf(image);
      const goneAt = remains.image?.deregisteredAt ?? Infinity;
      if (this.gone.has(image.amiId) || goneAt > this.time.now() - 3 * DAY_MS) continue;
      if (remains.snapshots.some((snapshot) => snapshot !== null)) continue;
      this.gone.set(image.amiId, remains);
      this.simulator.removeImage(image.region, image.amiId);
    }
  }

  async forget(): Promise<void> {
    for (const id of await this.#rejectedIds()) this.#rejected.add(id);
    for (const key of await this.keys()) await this.redis.unlink(key);
  }

  /** How many messages were ever among the rejected. */
  async rejected(): Promise<number> {
    return new Set([...this.#rejected, ...(await this.#rejectedIds())]).size;
  }

  /** By the messages' own ids. */
  async #rejectedIds(): Promise<readonly string[]> {
    const entries = await this.redis.xrange(`${this.prefix}:rejected`, "-", "+");
    return entries.map(([, flat]) => flat[flat.indexOf("message_id") + 1] ?? "");
  }

  #keep({ topic, messageId, headers, body }: Outgoing): void {
    const at = Date.parse(String(headers["sent-at"]));
    this.archive.add({ topic, id: messageId, at, headers, body: JSON.parse(body.toString()) });
  }

  async #close(): Promise<void> {
    await this.stop();
    await this.forget();
    this.redis.disconnect();
    await this.#publisher.remove(this.#queue);
    await this.#publisher.close();
    for (const double of [this.simulator, this.forge, this.archive, this.host]) await double.close();
    await rm(this.#dir, { recursive: true });
  }
}

/** As it is, or was when it went; null: it is not there. */
export interface Remains {
  readonly image: ImageRecord | null;
  readonly snapshots: readonly (SnapshotRecord | null)[];
}

interface Running {
  readonly app: App;
  readonly way: WayIn;
  readonly records: Records;
}
