import type { Test } from "tap";
import { redisComments } from "../../../src/adapters/redis/comments.ts";
import { redisHearing } from "../../../src/adapters/redis/control/hearing.ts";
import { readComments, type CommentCounts, type CommentReader } from "../../../src/operate/comments.ts";
import { NoticePages } from "../../../src/operate/notices/pages.ts";
import type { ForgeName } from "../../../src/demo/service-config.ts";
import type { Log } from "../../../src/ports/index.ts";
import { silentLog } from "../run/log.ts";
import { privateWorld } from "../world/nightly.ts";
import { accessTo, PROJECTS, REGION, type Nightly, type World } from "../world/world.ts";
import { openForgejoComments, openPagureComments } from "../outside/adapters.ts";

export const OPERATOR = "relengbot";

/** A world with a report on which people comment. */
export interface Objecting extends World {
  /** Made private, and told. */
  readonly nightly: Nightly;
  readonly commentReader: CommentReader;
  readonly logged: string[];
  /** Writes under the last report. */
  comment(author: string, text: string): number;
  read(change?: Partial<CommentReader>): Promise<CommentCounts>;
  /** Our answers, the oldest first. */
  answers(): string[];
  field(amiId: string, name: string): Promise<string | null>;
}

export async function openObjecting(
  test: Test,
  { mostPerDay = 20, forge = "pagure" }: { readonly mostPerDay?: number; readonly forge?: ForgeName } = {},
): Promise<Objecting> {
  const [world, nightly] = await privateWorld(test, forge);
  const logged: string[] = [];
  const keep = (level: string) => (data: object, message: string) => {
    logged.push(`${level} ${message} ${JSON.stringify(data)}`);
  };
  const log: Log = { debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") };
  const access = accessTo(world.forge, forge);
  const commentReader: CommentReader = {
    ...world.clerk,
    log,
    comments: forge === "pagure" ? openPagureComments(access) : openForgejoComments(access),
    memory: redisComments(world.connection, forge),
    hearing: redisHearing(world.connection, silentLog),
    notices: new NoticePages({ ...world.clerk, journal: world.reporter.journal, log }),
    operators: [OPERATOR],
    team: null,
    mostPerDay,
    mostBytes: 60_000,
    failed: new Set(),
  };
  const { tracker } = world.forge;
  const project = PROJECTS[forge];
  return {
    ...world,
    nightly,
    commentReader,
    logged,
    comment: (author, text) => tracker.comment(project, tracker.issues(project).length, author, text).id,
    read: (change = {}) => readComments({ ...commentReader, ...change }),
    answers: () => world.posts().filter((text) => text.includes("clean-amis-answer:")),
    field: (amiId, name) => world.connection.redis.hget(world.connection.keys.image(REGION, amiId), name),
  };
}
