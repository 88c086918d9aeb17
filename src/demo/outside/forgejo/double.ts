import { ApiError, type TokenRights } from "./access.ts";
import { answer, type ForgejoWorld } from "./api.ts";
import { formOf } from "./requests.ts";
import type { Team } from "./teams.ts";
import { htmlPage } from "../faults.ts";
import { jsonReply, startForge, type ForgeDouble, type ForgeRequest, type Reply } from "../forge.ts";
import { issuePage } from "../page.ts";
import { Tracker } from "../tracker.ts";
import type { Instant } from "../../../domain/time.ts";

const HTML = "text/html; charset=utf-8";
/** What a proxy in front of it lets through; Forgejo itself has no limit. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** MAX_RESPONSE_ITEMS as shipped (modules/setting/api.go). */
const MOST_ITEMS = 50;

export interface ForgejoDoubleOptions {
  /** Default: this machine's clock. */
  readonly now?: () => Instant;
  readonly maxBodyBytes?: number;
  /** The most entries of a page. Default 50, as Forgejo. */
  readonly mostItems?: number;
}

/** A Forgejo on this machine, with the strings to pull. */
export interface ForgejoDouble extends ForgeDouble {
  /** Adds a token, or changes the rights of one. Without `scopes` it has those that clean-amis needs. */
  setToken(token: string, rights: Pick<TokenRights, "user"> & Partial<TokenRights>): void;
  /** Adds a team of an organisation, `organisation/team`, or changes who is in it. */
  setTeam(path: string, members: readonly string[]): void;
}

/** Starts a Forgejo double on a free port of 127.0.0.1. It has no repo and no token yet. */
export async function startForgejoDouble(options: ForgejoDoubleOptions = {}): Promise<ForgejoDouble> {
  const now = options.now ?? Date.now;
  const tracker = new Tracker(now, { reusesNumbers: false, editsTouchIssue: false });
  const tokens = new Map<string, TokenRights>();
  const teams: Team[] = [];
  const mostItems = options.mostItems ?? MOST_ITEMS;
  const double = await startForge({
    name: "Forgejo",
    now,
    tracker,
    maxBodyBytes: options.maxBodyBytes ?? MAX_BODY_BYTES,
    answer: (base, request) => handle({ base, tracker, tokens, teams, now, mostItems }, request),
    formOf,
  });
  return {
    ...double,
    setToken: (token, rights) => {
      tokens.set(token, { scopes: ["read:user", "write:issue"], expiresAt: null, ...rights });
    },
    setTeam: (path, members) => {
      const [organisation = "", name = ""] = path.split("/");
      const index = teams.findIndex((team) => team.organisation === organisation && team.name === name);
      teams.splice(index < 0 ? teams.length : index, 1, { organisation, name, members });
    },
  };
}

function handle(world: ForgejoWorld, request: ForgeRequest): Reply {
  try {
    const shown = issuePage(world, request, { issue: "issues", comment: "issuecomment" });
    if (shown !== null) return { status: 200, headers: { "content-type": HTML }, body: shown, created: null };
    return answer(world, request);
  } catch (error) {
    if (error instanceof ApiError) return refusal(world, error);
    const body = htmlPage(`500 The Forgejo double failed: ${String(error)}`);
    return { status: 500, headers: { "content-type": HTML }, body, created: null };
  }
}

function refusal({ base }: Pick<ForgejoWorld, "base">, { status, message, more, headers }: ApiError): Reply {
  if (more === null) return { status, headers, body: "", created: null };
  return jsonReply(status, { message, url: `${base}/api/swagger`, ...more }, { headers });
}
