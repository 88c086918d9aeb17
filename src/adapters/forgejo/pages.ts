import { MAX_PAGES, readAnswer, tooManyPages } from "../forge/access.ts";
import { describeCall, type HttpAnswer, type HttpCall } from "../http/http.ts";
import { UpstreamError } from "../../errors.ts";

/** More in one page a server does not give as shipped (`MAX_RESPONSE_ITEMS`). */
const PAGE = 50;

/**
 * The whole of a list, whatever the size of its pages: by `Link`, and where that is missing by `X-Total-Count`. What comes on two
 * pages, as something was added meanwhile, is there once. Throws `UpstreamError` (`INCOMPLETE`) for a list that ends too soon.
 */
export async function readPages<T extends { readonly id: number }>(
  call: HttpCall,
  ask: (call: HttpCall) => Promise<HttpAnswer>,
  read: (body: unknown) => readonly T[] | null,
): Promise<readonly T[]> {
  const found = new Map<number, T>();
  const url = new URL(call.url);
  url.searchParams.set("limit", String(PAGE));
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    url.searchParams.set("page", String(page));
    const answer = await ask({ ...call, url });
    const before = found.size;
    for (const item of readAnswer("forgejo", call, answer.body, read)) found.set(item.id, item);
    const total = /^\d+$/.exec(answer.header("x-total-count")?.trim() ?? "")?.[0];
    const isMore = total === undefined ? false : found.size < Number(total);
    if (!isMore && !hasNext(answer.header("link"))) return [...found.values()];
    if (found.size === before) {
      const message = `forgejo: ${describeCall(call)} listed ${found.size} of ${total ?? "more"}; it is tried again later`;
      throw new UpstreamError("forgejo", "INCOMPLETE", message);
    }
  }
  throw tooManyPages("forgejo", call);
}

/** Whether `Link` names a next page (RFC 8288); where that is, behind a proxy, need not be where we may go. */
function hasNext(link: string | null): boolean {
  return /;\s*rel="?next"?/i.test(link ?? "");
}
