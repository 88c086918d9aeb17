import type { Test } from "tap";
import { openPagureComments } from "../../../src/adapters/pagure/comments.ts";
import { redisComments } from "../../../src/adapters/redis/comments.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { readComments, type CommentCounts, type CommentParts } from "../../../src/operate/comments.ts";
import type { Log } from "../../../src/ports/index.ts";
import { addNightly, openWorld, REGION, UPLOADER, type Nightly, type World } from "./world.ts";

export const OPERATOR = "relengbot";
const PROJECT = "ami-reports";

/** A world with a report on which people comment. */
export interface Objecting extends World {
  /** Made private, and told. */
  readonly nightly: Nightly;
  readonly commentParts: CommentParts;
  readonly logged: string[];
  /** Writes under the last report. */
  comment(author: string, text: string): number;
  read(change?: Partial<CommentParts>): Promise<CommentCounts>;
  /** Our answers, the oldest first. */
  answers(): string[];
  field(amiId: string, name: string): Promise<string | null>;
}

export async function openObjecting(test: Test, limits: { readonly mostPerDay?: number } = {}): Promise<Objecting> {
  const world = await openWorld(test);
  const nightly = addNightly(world);
  await world.hear(UPLOADER, nightly.message);
  world.clock.advance(5 * DAY_MS);
  await world.tick();
  await world.report();
  const logged: string[] = [];
  const keep = (level: string) => (data: object, message: string) => {
    logged.push(`${level} ${message} ${JSON.stringify(data)}`);
  };
  const log: Log = { debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") };
  const access = { url: world.pagure.url, repo: PROJECT, token: "test-token", userAgent: "test", timeoutMs: 60_000 };
  const commentParts: CommentParts = {
    ...{ ...world.orderParts, log, comments: openPagureComments(access) },
    memory: redisComments(world.connection, "pagure"),
    ...{ operators: [OPERATOR], mostPerDay: limits.mostPerDay ?? 20, mostBytes: 60_000 },
  };
  const { tracker } = world.pagure;
  return {
    ...{ ...world, nightly, commentParts, logged },
    comment: (author, text) => tracker.comment(PROJECT, tracker.issues(PROJECT).length, author, text).id,
    read: (change = {}) => readComments({ ...commentParts, ...change }),
    answers: () => world.posts().filter((text) => text.includes("clean-amis-answer:")),
    field: (amiId, name) => world.connection.redis.hget(world.connection.keys.image(REGION, amiId), name),
  };
}
