import { ApiError } from "./access.ts";
import type { ForgeRequest, Form } from "../forge.ts";
import type { Instant } from "../../../domain/time.ts";

/** Answers a list's page as JSON, with how many there are in all. */
export interface Paged<T> {
  readonly items: readonly T[];
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The fields of a JSON body. Forgejo ignores unknown ones; the double refuses them, so that a misspelt one is found. Throws
 * `ApiError` 413 and 422.
 */
export function readFields(
  request: Pick<ForgeRequest, "body" | "contentType">,
  required: readonly string[],
  optional: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  if (request.body === null) throw new ApiError(413, "Request Entity Too Large");
  const fields = parsed(request);
  for (const name of required) {
    const value = fields[name];
    if (typeof value !== "string" || value === "")
      throw new ApiError(422, `[${name.charAt(0).toUpperCase()}${name.slice(1)}]: Required`);
  }
  const unknown = Object.keys(fields).find((name) => ![...required, ...optional].includes(name));
  if (unknown !== undefined) throw new ApiError(422, `unknown field ${unknown}`);
  return fields;
}

/** The same for the journal. */
export function formOf(request: Pick<ForgeRequest, "body" | "contentType">): Form {
  if (request.body === null || request.body === "") return {};
  const words = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
  return Object.fromEntries(Object.entries(parsed(request)).map(([name, value]) => [name, words(value)]));
}

function parsed({ body, contentType }: Pick<ForgeRequest, "body" | "contentType">): Readonly<Record<string, unknown>> {
  if (!contentType.startsWith("application/json")) return {};
  try {
    const value: unknown = JSON.parse(body ?? "");
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    throw new ApiError(422, "unexpected end of JSON input");
  }
}

/** RFC 3339; null without one. Throws `ApiError` 422. */
export function readSince(query: URLSearchParams): Instant | null {
  const text = query.get("since");
  if (text === null || text === "") return null;
  const at = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at)) throw new ApiError(422, `parsing time "${text}" as "2006-01-02T15:04:05Z07:00": cannot parse`);
  return at;
}

/** One page of a list; `Link` is given by some lists alone. Sources: modules/setting/api.go, services/context/api.go. */
export function pageOf<T>(
  items: readonly T[],
  { base, path, query }: { readonly base: string } & Pick<ForgeRequest, "path" | "query">,
  { most, hasLink }: { readonly most: number; readonly hasLink: boolean },
): Paged<T> {
  const page = Math.max(1, Number(query.get("page") ?? 1) || 1);
  const asked = Number(query.get("limit") ?? 0);
  const size = Math.min(most, asked > 0 ? asked : 30);
  const pages = Math.max(1, Math.ceil(items.length / size));
  const link = (number: number, rel: string): string => {
    const words = new URLSearchParams(query);
    words.set("page", String(number));
    return `<${base}${path}?${words.toString()}>; rel="${rel}"`;
  };
  const links = [
    ...(page < pages ? [link(page + 1, "next"), link(pages, "last")] : []),
    ...(page > 1 ? [link(1, "first"), link(page - 1, "prev")] : []),
  ];
  return {
    items: items.slice((page - 1) * size, page * size),
    headers: {
      "x-total-count": String(items.length),
      ...(hasLink && links.length > 0 ? { link: links.join(",") } : {}),
    },
  };
}
