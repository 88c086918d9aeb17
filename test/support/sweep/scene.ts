import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Redis } from "ioredis";
import { Strangers } from "../../../src/adapters/redis/strange.ts";
import { silentLog } from "../run/log.ts";
import { keysOf } from "../../../src/adapters/redis/keys.ts";
import type { ImageRecord, NewImage } from "../../../src/demo/outside/ec2/state/records.ts";
import type { ForgeName } from "../../../src/demo/service-config.ts";
import type { ForgeIssue } from "../../../src/demo/outside/tracker.ts";
import { floorSecond, parseDuration } from "../../../src/domain/time.ts";
import { HttpProxy } from "../servers/http-proxy.ts";
import { RedisProxy } from "../servers/redis/redis-proxy.ts";
import { rememberHeard, serverUrl } from "../servers/redis/redis.ts";
import { AMI, IMAGE, NAME, SNAPSHOTS } from "./image.ts";
import type { Watch } from "./point.ts";
import { PATIENCE_MS, startProcess, type Host, type Run } from "./program.ts";
import { configText, openServers, REPO, repost, SECRETS, textsOf, type Servers } from "./servers.ts";

export const REGION = "us-east-1";
const COMPOSE = "Fedora-Rawhide-20261120.n.0";
const TOPIC = "org.fedoraproject.prod";
const QUEUES = ["unresolved", "private", "delete", "restore", "held"];

/**
 * Longer than any pass on the busiest machine. Nobody waits for its end: where it has to run out, the score is moved as the
 * time that passes would.
 */
const LEASE = "10m";
/** What a process that died held in `{control}` lasts no longer than this: the lease of who reads comments. */
const CONTROL_LEASE_MS = 300_000;

/** Everything that is remembered of an image, in Redis and in EC2: a beginning for any number of scenes. */
export interface Standing {
  /** Without the prefix. */
  readonly keys: readonly { readonly name: string; readonly dump: Buffer }[];
  readonly image: NewImage;
  /** What the public was told: a notice counts as long as it can be read. */
  readonly issues: readonly ForgeIssue[];
}

export interface SceneOptions {
  readonly redis: Redis;
  readonly host: Host;
  /** Where the reports go. */
  readonly forge: ForgeName;
  readonly deleteAfter: string;
}

/** One image, three snapshots, and servers of its own, but for a key prefix in the Redis that all share. */
export class Scene {
  readonly #options: SceneOptions;
  readonly #prefix = `sweep-${randomUUID()}`;
  readonly #dir: string;
  #child: ChildProcess | null = null;
  /** What the public had been told before this scene. */
  #issues: readonly ForgeIssue[] = [];
  readonly simulator: Servers["simulator"];
  readonly forge: Servers["forge"];
  readonly #archive: Servers["archive"];

  private constructor(options: SceneOptions, dir: string, { simulator, forge, archive }: Servers) {
    this.#options = options;
    this.#dir = dir;
    this.simulator = simulator;
    this.forge = forge;
    this.#archive = archive;
  }

  /** Without a standing the image is a minute old, public, and not heard of. */
  static async open(options: SceneOptions, standing: Standing | null = null): Promise<Scene> {
    const scene = new Scene(options, await mkdtemp(join(tmpdir(), "sweep-")), await openServers(options.forge));
    scene.simulator.addImage(REGION, standing?.image ?? { ...IMAGE, createdAt: Date.now() - 60_000 });
    for (const { name, dump } of standing?.keys ?? []) await options.redis.restore(scene.#prefix + name, 0, dump);
    scene.#issues = standing?.issues ?? [];
    for (const issue of scene.#issues) repost(scene.forge, issue);
    // All was heard until now: the sweep is about what is done.
    const connection = { redis: options.redis, keys: keysOf(scene.#prefix), strangers: new Strangers(silentLog) };
    await rememberHeard(connection, floorSecond(Date.now()));
    return scene;
  }

  get deleteAfterMs(): number {
    return parseDuration(this.#options.deleteAfter) ?? 0;
  }

  key(region: string, rest: string): string {
    return `${this.#prefix}:{${region}}:${rest}`;
  }

  /** What a further scene can begin with. */
  async standing(): Promise<Standing> {
    const { redis } = this.#options;
    const names = await redis.keys(`${this.#prefix}:*`);
    const dumps = await Promise.all(names.map((name) => redis.dumpBuffer(name)));
    const { createdAt, tags, permission } = this.image();
    const snapshots = SNAPSHOTS.map((snapshot) => {
      const now = this.simulator.snapshot(REGION, snapshot.id);
      return { ...snapshot, tags: now?.tags ?? {}, isPublic: now?.permission.isPublic === true };
    });
    return {
      keys: names.map((name, index) => ({
        name: name.slice(this.#prefix.length),
        dump: dumps[index] ?? Buffer.alloc(0),
      })),
      image: { ...IMAGE, createdAt, tags, isPublic: permission.isPublic, snapshots },
      issues: this.forge.tracker.issues(REPO),
    };
  }

  image(): ImageRecord {
    const image = this.simulator.image(REGION, AMI);
    if (image === null) throw new Error(`the simulator lost ${AMI}`);
    return image;
  }

  record(): Promise<Record<string, string>> {
    return this.#options.redis.hgetall(this.key(REGION, `image:${AMI}`));
  }

  /** The queues that the image waits in, with the whole second at which each wakes it. */
  async queues(): Promise<ReadonlyMap<string, number>> {
    const scores = await Promise.all(QUEUES.map((queue) => this.#options.redis.zscore(this.key(REGION, queue), AMI)));
    const entries = QUEUES.map((queue, index) => [queue, scores[index]] as const);
    return new Map(entries.flatMap(([queue, score]) => (score == null ? [] : [[queue, Number(score)] as const])));
  }

  /** Whether the image counts as one that the region has. */
  async isCounted(): Promise<boolean> {
    return (await this.#options.redis.sismember(this.key(REGION, "images"), AMI)) === 1;
  }

  /** The stream, in order, and whether the reporter has told all of it. */
  async events(): Promise<{ readonly all: readonly Readonly<Record<string, string>>[]; readonly isTold: boolean }> {
    const entries = await this.#options.redis.xrange(this.key(REGION, "events"), "-", "+");
    const cursor = await this.#options.redis.hget(
      this.key("control", `reporter:${this.#options.forge}:cursors`),
      REGION,
    );
    const all = entries.map(([, flat]) =>
      Object.fromEntries(flat.flatMap((word, index) => (index % 2 === 0 ? [[word, flat[index + 1] ?? ""]] : []))),
    );
    return { all, isTold: cursor === entries.at(-1)?.[0] };
  }

  /** Every text that the public was given in this scene. */
  posts(): string[] {
    const { tracker } = this.forge;
    const before = new Set(this.#issues.flatMap(textsOf));
    return tracker.issues(REPO).flatMap((issue) => textsOf(issue).filter((text) => !before.has(text)));
  }

  /** The uploader's message is in the archive, and heard. */
  async announce(): Promise<void> {
    const body = { architecture: "x86_64", compose_id: COMPOSE, image_name: NAME, regions: { [REGION]: AMI } };
    await this.#hear(`${TOPIC}.fedora_image_uploader.published.v1.aws`, body, Date.now() - 60_000);
  }

  /** The compose is released, and that is heard: whatever was to be done is to be taken back. */
  async release(): Promise<void> {
    const body = { atomic_raw: { compose_id: COMPOSE } };
    await this.#hear(`${TOPIC}.releng.atomic.twoweek.complete`, body, Date.now() - 2_000);
  }

  async #hear(topic: string, body: object, at: number): Promise<void> {
    this.#archive.add({ topic, id: randomUUID(), at, headers: {}, body });
    await this.#run(["backfill", "--days", "1", "--rate", "1000", "--restart"], this.#archive.url);
  }

  /** One pass of another process, straight to the servers. */
  pass(): Promise<void> {
    return this.#run(["tick", "--once"], "");
  }

  async #run(argv: readonly string[], datagrepper: string): Promise<void> {
    const urls = { redis: serverUrl("TEST_REDIS_URL"), ec2: this.simulator.url, forge: this.forge.url };
    const config = await this.#config(urls, datagrepper);
    await this.#options.host.run([...argv, "--config", config], { REDIS_URL: urls.redis, ...SECRETS });
  }

  /** A pass in a process of its own, whose every call goes past the watch; `around` has it as soon as it runs. */
  async watchedPass(watch: Watch, around: (run: Run) => Promise<void>): Promise<void> {
    const redis = await RedisProxy.open(serverUrl("TEST_REDIS_URL"), watch);
    const ec2 = await HttpProxy.open("ec2", this.simulator.url, watch);
    const forge = await HttpProxy.open(this.#options.forge, this.forge.url, watch);
    const config = await this.#config({ ec2: ec2.url, forge: forge.url }, "");
    try {
      const run = startProcess(["tick", "--once", "--config", config], { REDIS_URL: redis.url, ...SECRETS });
      this.#child = run.child;
      await around(run);
    } finally {
      await Promise.all([redis.close(), ec2.close(), forge.close()]);
    }
  }

  /** Until the image may be claimed, or waits for nothing. */
  async untilDue(): Promise<void> {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
      const wakesAt = Math.min(...(await this.queues()).values());
      if (wakesAt === Infinity || Math.floor(Date.now() / 1000) >= wakesAt) return;
      await pause(50);
    }
    throw new Error(`what waits is not due after ${PATIENCE_MS / 1000} s`);
  }

  /**
   * A lease's time passes at once: whatever waits for the end of a claim is due, and what a process held in `{control}` runs
   * out. A private image waits for its deadline instead, which stands. Resolves to what would have waited longer than that.
   */
  async expireLeases(): Promise<string[]> {
    const { redis } = this.#options;
    const now = Math.floor(Date.now() / 1000);
    const longest = now + (parseDuration(LEASE) ?? 0) / 1000 + 1;
    const { stage, token = "" } = await this.record();
    const wrong: string[] = [];
    for (const [queue, wakesAt] of await this.queues()) {
      if (queue === "delete" && stage === "private" && token === "") continue;
      if (wakesAt > longest) wrong.push(`it waits in ${queue} for longer than a lease, ${wakesAt - now} s`);
      else if (wakesAt > now) await redis.zadd(this.key(REGION, queue), "XX", now, AMI);
    }
    for (const key of await redis.keys(`${this.#prefix}:{control}:*`)) {
      const left = await redis.pttl(key);
      if (left > 0 && left <= CONTROL_LEASE_MS) await redis.pexpire(key, 1);
    }
    return wrong;
  }

  async close(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await Promise.all([this.simulator.close(), this.forge.close(), this.#archive.close()]);
    const { redis } = this.#options;
    for (const key of await redis.keys(`${this.#prefix}:*`)) await redis.del(key);
    await rm(this.#dir, { recursive: true });
  }

  async #config(urls: { readonly ec2: string; readonly forge: string }, datagrepper: string): Promise<string> {
    const path = join(this.#dir, `${randomUUID()}.toml`);
    const { deleteAfter, forge: kind } = this.#options;
    const text = configText({ ...urls, kind, datagrepper, prefix: this.#prefix, deleteAfter, lease: LEASE });
    await writeFile(path, text);
    return path;
  }
}
