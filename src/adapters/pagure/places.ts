import type { PagureAccess } from "./calls.ts";

/** An issue's place. */
export interface IssuePlace {
  readonly repo: string;
  readonly number: number;
}

type Here = Pick<PagureAccess, "url" | "repo">;

/**
 * The issue at an address that Pagure gave; null for an address of another form. Pagure's name may have been another one then,
 * or one that only browsers use: what counts is the path.
 */
export function placeAt(address: string, { url }: Here): IssuePlace | null {
  if (!URL.canParse(address)) return null;
  const base = new URL(url).pathname.replace(/\/+$/, "");
  const { pathname } = new URL(address);
  const path = pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : pathname;
  const { repo, number } = /^\/(?<repo>[^/].*)\/issue\/(?<number>\d{1,9})$/.exec(path)?.groups ?? {};
  const name = repo === undefined ? null : decoded(repo);
  return name === null ? null : { repo: name, number: Number(number) };
}

/** Null: nobody could have written it so. */
function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** `12` for an issue of the repo of today, `old/repo#12` for one of another; Pagure takes its names in any case. */
export function threadIdOf({ repo, number }: IssuePlace, here: Here): string {
  return repo.toLowerCase() === here.repo.toLowerCase() ? String(number) : `${repo}#${number}`;
}

export function placeOf(threadId: string, here: Here): IssuePlace {
  const [number = "", repo] = threadId.split("#").reverse();
  return { repo: repo ?? here.repo, number: Number(number) };
}
