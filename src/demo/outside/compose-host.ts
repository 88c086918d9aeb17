import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { Calls } from "./calls.ts";
import { listen } from "./listen.ts";
import { parseComposeId } from "../../domain/compose/compose.ts";
import type { Instant } from "../../domain/time.ts";

/** A compose to be served. */
export interface HostedCompose {
  readonly id: string;
  /** As composeinfo.json will say it, whatever the id says. */
  readonly type: string;
  /** Left out: composeinfo.json has no such key, as productmd writes it for a compose without a label. */
  readonly label?: string | null;
  /** Left out: true beside a label, else no such key. */
  readonly final?: boolean;
  /** pungi's word; default `FINISHED`. A doomed compose has no composeinfo.json. */
  readonly status?: "FINISHED" | "FINISHED_INCOMPLETE" | "DOOMED";
  /** The directory that holds the compose's own, such as `rawhide` or `28`; "" for the base. */
  readonly place: string;
}

/** What goes wrong with a call. */
export type HostTrouble =
  /** Answers this. A string is sent as a web page, an object as JSON: `composeInfo` makes another compose's document. */
  | { readonly kind: "answer"; readonly status: number; readonly body: object | string }
  /** Sends only the first `bytes` of the answer, as if that were all of it. */
  | { readonly kind: "truncate"; readonly bytes: number }
  /** Answers as usual, but later. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Never answers; the connection stays open until the client gives up or the host closes. */
  | { readonly kind: "withhold" };

export interface HostFault {
  /** Matched against the path; any path when left out. */
  readonly path?: RegExp;
  /** How many calls; default 1, `Infinity` until it is lifted. */
  readonly times?: number;
  readonly trouble: HostTrouble;
}

/** One call, written down when it was answered, or when it was decided that it will not be. */
export interface HostCall {
  readonly at: Instant;
  readonly path: string;
  readonly userAgent: string;
  /** null: no answer is given. */
  readonly status: number | null;
}

/** A host of composes on this machine, as kojipkgs.fedoraproject.org is one. */
export interface ComposeHost {
  /** `http://127.0.0.1:PORT/compose` */
  readonly url: string;
  /** Every call so far. */
  readonly journal: readonly HostCall[];
  /**
   * Serves a compose, and returns the location that pungi would name; the same one again replaces it. Throws for an id
   * that is none.
   */
  add(compose: HostedCompose): string;
  /** Makes a path below the base, such as `28/latest-Fedora-28`, lead to the compose's directory, and returns its location. */
  link(path: string, id: string): string;
  /** Takes the compose from every place. */
  remove(id: string): void;
  /** Lets the next matching calls fail; the returned function lifts it. */
  fail(fault: HostFault): () => void;
  /** Calls the listener after each entry in the journal; the returned function ends that. */
  onCall(listener: (call: HostCall) => void): () => void;
  /** Cuts every connection and frees the port; may be called twice. */
  close(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Starts a compose host on a free port of 127.0.0.1. It has no composes yet. */
export async function startComposeHost(now: () => Instant = Date.now): Promise<ComposeHost> {
  const tree = new Tree();
  const armed: { fault: HostFault; left: number }[] = [];
  const calls = new Calls<HostCall>();
  const take = (path: string): HostTrouble | null => {
    const next = armed.find(({ fault, left }) => left > 0 && (fault.path?.test(path) ?? true));
    if (next !== undefined) next.left -= 1;
    return next?.fault.trouble ?? null;
  };

  const server = await listen("The compose host");
  server.serve(async (incoming, outgoing) => {
    const answered = await serve(tree, take, incoming, outgoing, server.closing);
    calls.record({ at: now(), ...answered });
  });
  const url = `${server.origin}/compose`;

  return {
    url,
    journal: calls.journal,
    add: (compose) => `${url}/${tree.add(compose)}/compose`,
    link: (path, id) => {
      tree.link(path, id);
      return `${url}/${path}/compose`;
    },
    remove: (id) => {
      tree.remove(id);
    },
    fail: (fault) => {
      const one = { fault, left: fault.times ?? 1 };
      armed.push(one);
      return () => {
        one.left = 0;
      };
    },
    onCall: (listener) => calls.listen(listener),
    close: () => server.close(),
  };
}

/** The composes in their directories, and the links to these; paths are relative to the base. */
class Tree {
  readonly #composes = new Map<string, HostedCompose>();
  readonly #links = new Map<string, string>();

  /** Returns the compose's directory. */
  add(compose: HostedCompose): string {
    composeInfo(compose); // throws for an id that is none
    const directory = compose.place === "" ? compose.id : `${compose.place}/${compose.id}`;
    this.#composes.set(directory, compose);
    return directory;
  }

  link(path: string, id: string): void {
    const target = [...this.#composes].find(([, compose]) => compose.id === id)?.[0];
    if (target === undefined) throw new Error(`There is no compose ${id} to link to.`);
    this.#links.set(path, target);
  }

  remove(id: string): void {
    for (const [directory, compose] of this.#composes) if (compose.id === id) this.#composes.delete(directory);
  }

  /** The answers as fedimg's recordings of kojipkgs have them: STATUS and COMPOSE_ID come without a type. */
  answer(pathname: string): Reply {
    const link = [...this.#links].find(([path]) => `${pathname}/`.startsWith(`/compose/${path}/`));
    const path = link === undefined ? pathname : pathname.replace(`/compose/${link[0]}`, `/compose/${link[1]}`);
    const files = this.#files();
    const file = files.get(path);
    if (file !== undefined) return file;
    const directory = path.endsWith("/") ? path : `${path}/`;
    if (![...files.keys()].some((name) => name.startsWith(directory))) return page(404, "Not Found");
    if (path === directory) return page(200, `Index of ${path}`);
    return { ...page(301, "Moved Permanently"), headers: { ...HTML, location: `${pathname}/` } };
  }

  #files(): Map<string, Reply> {
    const files = new Map<string, Reply>();
    for (const [directory, compose] of this.#composes) {
      const status = compose.status ?? "FINISHED";
      files.set(`/compose/${directory}/COMPOSE_ID`, { status: 200, headers: {}, body: compose.id });
      files.set(`/compose/${directory}/STATUS`, { status: 200, headers: {}, body: `${status}\n` });
      if (status === "DOOMED") continue;
      files.set(`/compose/${directory}/compose/metadata/composeinfo.json`, json(200, composeInfo(compose)));
    }
    return files;
  }
}

/**
 * A compose's composeinfo.json, in the shape of the one recorded for Fedora-Cloud-27-20180317.0. Throws for an id that is none.
 * @internal exported for the tests
 */
export function composeInfo({ id, type, label, final }: Omit<HostedCompose, "place">): object {
  const parsed = parseComposeId(id);
  if (!parsed.ok) throw new Error(parsed.reason);
  const { date, respin, release } = parsed.value;
  const isFinal = final ?? (typeof label === "string" && label !== "" ? true : undefined);
  // What is undefined is left out of the JSON, as productmd leaves it out.
  const compose = { date, final: isFinal, id, label, respin, type };
  return {
    header: { type: "productmd.composeinfo", version: "1.2" },
    payload: { compose, release: { internal: false, name: release.short, ...release }, variants: {} },
  };
}

async function serve(
  tree: Tree,
  take: (path: string) => HostTrouble | null,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  closing: AbortSignal,
): Promise<Omit<HostCall, "at">> {
  const path = new URL(incoming.url ?? "/", "http://double").pathname;
  const userAgent = incoming.headers["user-agent"] ?? "";
  const trouble = take(path);
  if (trouble?.kind === "withhold") return { path, userAgent, status: null };
  if (trouble?.kind === "delay") await wait(trouble.ms, undefined, { signal: closing });
  const isReading = incoming.method === "GET" || incoming.method === "HEAD";
  const usual = isReading ? tree.answer(path) : page(405, "Method Not Allowed");
  const reply = trouble?.kind === "answer" ? canned(trouble) : usual;
  const whole = Buffer.from(reply.body);
  const sent = trouble?.kind === "truncate" ? whole.subarray(0, trouble.bytes) : whole;
  outgoing.writeHead(reply.status, { ...reply.headers, "content-length": sent.length }).end(sent);
  return { path, userAgent, status: reply.status };
}

const HTML = { "content-type": "text/html; charset=utf-8" };

function canned({ status, body }: Extract<HostTrouble, { kind: "answer" }>): Reply {
  return typeof body === "string" ? { status, headers: HTML, body } : json(status, body);
}

function json(status: number, body: object): Reply {
  return { status, headers: { "content-type": "application/json" }, body: `${JSON.stringify(body, null, 4)}\n` };
}

function page(status: number, title: string): Reply {
  const words = `${status} ${title}`;
  const body = `<!DOCTYPE html>\n<html><head><title>${words}</title></head><body><h1>${words}</h1></body></html>\n`;
  return { status, headers: HTML, body };
}
