import { ApiError, PageError, type TokenRights } from "./access.ts";
import { answer, type PagureWorld } from "./api.ts";
import { readForm } from "./forms.ts";
import { htmlPage } from "../faults.ts";
import { jsonReply, startForge, type ForgeDouble, type ForgeRequest, type Reply } from "../forge.ts";
import { issuePage } from "../page.ts";
import { Tracker } from "../tracker.ts";
import type { Instant } from "../../../domain/time.ts";

const HTML = "text/html; charset=utf-8";
/** Pagure's MAX_CONTENT_LENGTH (pagure/default_config.py). */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

export interface PagureDoubleOptions {
  /** Default: this machine's clock. */
  readonly now?: () => Instant;
  /** Default 4 MiB, as Pagure. */
  readonly maxBodyBytes?: number;
}

/** A Pagure on this machine, with the strings to pull. */
export interface PagureDouble extends ForgeDouble {
  /** Adds a token, or changes the rights of one. Without `acls` it has those that clean-amis needs. */
  setToken(token: string, rights: Pick<TokenRights, "user"> & Partial<TokenRights>): void;
}

/** Starts a Pagure double on a free port of 127.0.0.1. It has no project and no token yet. */
export async function startPagureDouble(options: PagureDoubleOptions = {}): Promise<PagureDouble> {
  const now = options.now ?? Date.now;
  const tracker = new Tracker(now);
  const tokens = new Map<string, TokenRights>();
  const double = await startForge({
    name: "Pagure",
    now,
    tracker,
    maxBodyBytes: options.maxBodyBytes ?? MAX_BODY_BYTES,
    answer: (base, request) => handle({ base, tracker, tokens, now }, request),
    formOf: readForm,
  });
  return {
    ...double,
    setToken: (token, rights) => {
      tokens.set(token, { acls: ["issue_create", "issue_comment"], project: null, expiresAt: null, ...rights });
    },
  };
}

function handle(world: PagureWorld, request: ForgeRequest): Reply {
  try {
    const shown = issuePage(world, request, { issue: "issue", comment: "comment" });
    if (shown !== null) return { status: 200, headers: { "content-type": HTML }, body: shown, created: null };
    const { body, created } = answer(world, request);
    return jsonReply(200, body, { created });
  } catch (error) {
    if (error instanceof ApiError) return jsonReply(error.status, error.body);
    if (error instanceof PageError) return page(error.status, error.message, error.headers);
    return page(500, `The Pagure double failed: ${String(error)}`, {});
  }
}

function page(status: number, title: string, headers: Readonly<Record<string, string>>): Reply {
  const body = htmlPage(`${status} ${title}`);
  return { status, headers: { ...headers, "content-type": HTML }, body, created: null };
}
