import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { Redis } from "ioredis";
import { startDatagrepper, type DatagrepperDouble } from "../../src/demo/datagrepper/double.ts";
import type { ImageRecord, NewImage } from "../../src/demo/ec2/records.ts";
import { startEc2Simulator, type Ec2Simulator } from "../../src/demo/ec2/simulator.ts";
import { startPagureDouble, type PagureDouble } from "../../src/demo/pagure/double.ts";
import { parseDuration } from "../../src/domain/time.ts";
import { HttpProxy } from "./http-proxy.ts";
import { MAIN } from "./program.ts";
import { RedisProxy } from "./redis-proxy.ts";
import { serverUrl } from "./redis.ts";
import type { Watch } from "./sweep-point.ts";

export const REGION = "us-east-1";
export const AMI = "ami-0123456789abcdef0";
const COMPOSE = "Fedora-Rawhide-20261120.n.0";
const NAME = "Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261120.n.0";
const TOPIC = "org.fedoraproject.prod";
const REPO = "ami-reports";
const QUEUES = ["unresolved", "private", "delete", "restore", "held"];

const SECRETS = {
  AWS_ACCESS_KEY_ID: "AKIDTEST",
  AWS_SECRET_ACCESS_KEY: "test-secret",
  PAGURE_ACCESS_TOKEN: "TEST0PAGURE0TOKEN",
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
};

/** Nobody waits longer than this for a child, nor for what is due: milliseconds. */
const PATIENCE_MS = 60_000;

/** Everything that is remembered of an image, in Redis and in EC2: a beginning for any number of scenes. */
export interface Standing {
  /** Without the prefix. */
  readonly keys: readonly { readonly name: string; readonly dump: Buffer }[];
  readonly image: NewImage;
}

/** One run of the built program. */
export interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly says: string }>;
}

export interface SceneOptions {
  readonly redis: Redis;
  readonly deleteAfter: string;
  readonly lease: string;
}

/** One image, two snapshots, and servers of its own, but for a key prefix in the Redis that all share. */
export class Scene {
  readonly #options: SceneOptions;
  readonly #prefix = `sweep-${randomUUID()}`;
  readonly #dir: string;
  readonly #children = new Set<ChildProcess>();
  readonly simulator: Ec2Simulator;
  readonly pagure: PagureDouble;
  readonly archive: DatagrepperDouble;

  private constructor(options: SceneOptions, dir: string, servers: Pick<Scene, "simulator" | "pagure" | "archive">) {
    this.#options = options;
    this.#dir = dir;
    this.simulator = servers.simulator;
    this.pagure = servers.pagure;
    this.archive = servers.archive;
  }

  /** Without a standing the image is a minute old, public, and not heard of. */
  static async open(options: SceneOptions, standing: Standing | null = null): Promise<Scene> {
    const scene = new Scene(options, await mkdtemp(join(tmpdir(), "sweep-")), {
      simulator: await startEc2Simulator({ accounts: { [SECRETS.AWS_ACCESS_KEY_ID]: { id: "125523088429" } } }),
      pagure: await startPagureDouble(),
      archive: await startDatagrepper(),
    });
    scene.pagure.tracker.setProject(REPO, {});
    scene.pagure.setToken(SECRETS.PAGURE_ACCESS_TOKEN, { user: "bot" });
    const snapshots = [1, 2].map((number) => ({ id: `snap-0123456789abcdef${number}`, isPublic: true }));
    scene.simulator.addImage(
      REGION,
      standing?.image ?? { id: AMI, name: NAME, createdAt: Date.now() - 60_000, snapshots },
    );
    for (const { name, dump } of standing?.keys ?? []) await options.redis.restore(scene.#prefix + name, 0, dump);
    // All was heard until now: the sweep is about what is done.
    await options.redis.hset(scene.key("control", "ears"), "heard_until", new Date().toISOString());
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
    const image = this.image();
    const snapshots = this.simulator.snapshots(REGION);
    return {
      keys: names.map((name, index) => ({
        name: name.slice(this.#prefix.length),
        dump: dumps[index] ?? Buffer.alloc(0),
      })),
      image: {
        ...{ id: image.id, name: image.name, createdAt: image.createdAt, tags: image.tags },
        isPublic: image.permission.isPublic,
        snapshots: snapshots.map(({ id, tags, permission }) => ({ id, tags, isPublic: permission.isPublic })),
      },
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

  /** What the stream tells, in order, and whether the reporter has told all of it. */
  async events(): Promise<{ readonly what: readonly string[]; readonly isTold: boolean }> {
    const entries = await this.#options.redis.xrange(this.key(REGION, "events"), "-", "+");
    const cursor = await this.#options.redis.hget(this.key("control", "reporter:pagure:cursors"), REGION);
    const what = entries.map(([, fields]) => fields[fields.indexOf("what") + 1] ?? "");
    return { what, isTold: cursor === entries.at(-1)?.[0] };
  }

  /** Every text that the public can read. */
  posts(): string[] {
    return this.pagure.tracker
      .issues(REPO)
      .flatMap((issue) => [issue.content, ...issue.comments.map((comment) => comment.text)]);
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
    this.archive.add({ topic, id: randomUUID(), at, headers: {}, body });
    const { code, says } = await (await this.#start(["backfill", "--days", "1", "--rate", "1000", "--restart"])).ended;
    if (code !== 0) throw new Error(`a backfill ended with ${String(code)}: ${says}`);
  }

  /** One pass of the program, straight to the servers. */
  async pass(): Promise<void> {
    const { code, says } = await (await this.#start(["tick", "--once"])).ended;
    if (code !== 0) throw new Error(`a pass ended with ${String(code)}: ${says}`);
  }

  /** Starts a pass whose every call goes past the watch; `around` has the child as soon as it runs. */
  async watchedPass(watch: Watch, around: (run: Run) => Promise<void>): Promise<void> {
    const redis = await RedisProxy.open(serverUrl("TEST_REDIS_URL"), watch);
    const ec2 = await HttpProxy.open("ec2", this.simulator.url, watch);
    const pagure = await HttpProxy.open("pagure", this.pagure.url, watch);
    try {
      await around(await this.#start(["tick", "--once"], { redis: redis.url, ec2: ec2.url, pagure: pagure.url }));
    } finally {
      await Promise.all([redis.close(), ec2.close(), pagure.close()]);
    }
  }

  /** Until the image may be claimed, or waits for nothing. */
  async untilDue(): Promise<void> {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
      const wakesAt = Math.min(...(await this.queues()).values());
      if (wakesAt === Infinity || Math.floor(Date.now() / 1000) >= wakesAt) return;
      await pause(50);
    }
    throw new Error("what waits is not due after a minute");
  }

  /** What a killed process held in `{control}` runs out: two minutes pass at once. */
  async expireLeases(): Promise<void> {
    const { redis } = this.#options;
    for (const key of await redis.keys(`${this.#prefix}:{control}:*`))
      if ((await redis.pttl(key)) > 0) await redis.pexpire(key, 1);
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    await Promise.all([this.simulator.close(), this.pagure.close(), this.archive.close()]);
    const { redis } = this.#options;
    for (const key of await redis.keys(`${this.#prefix}:*`)) await redis.del(key);
    await rm(this.#dir, { recursive: true });
  }

  async #start(
    args: readonly string[],
    urls = { redis: serverUrl("TEST_REDIS_URL"), ec2: this.simulator.url, pagure: this.pagure.url },
  ): Promise<Run> {
    const config = join(this.#dir, `${randomUUID()}.toml`);
    await writeFile(config, this.#config(urls, args[0] === "backfill" ? this.archive.url : ""));
    const env = { REDIS_URL: urls.redis, ...SECRETS };
    const child = spawn(process.execPath, [MAIN, ...args, "--config", config], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: PATIENCE_MS,
      killSignal: "SIGKILL",
    });
    this.#children.add(child);
    const ended = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]).then(([, out, err]) => {
      this.#children.delete(child);
      return { code: child.exitCode, says: out + err };
    });
    return { child, ended };
  }

  #config(urls: { readonly ec2: string; readonly pagure: string }, datagrepper: string): string {
    const { deleteAfter, lease } = this.#options;
    return `[consumer_config]
act = "delete"
redis_prefix = "${this.#prefix}"

[consumer_config.schedule]
private_after = "0s"
delete_after = "${deleteAfter}"
lease = "${lease}"

[consumer_config.sources]
compose_host = ""
datagrepper = "${datagrepper}"

[consumer_config.ec2]
endpoint = "${urls.ec2}"

[consumer_config.report]
kind = "pagure"
url = "${urls.pagure}"
repo = "${REPO}"
`;
  }
}
