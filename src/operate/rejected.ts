import { compareIds } from "../domain/image/event.ts";
import { ingestAll, type Ingested, type Ingester } from "../hear/ingest.ts";
import type { RejectedMessage, RejectedMessages } from "../ports/index.ts";

/** What became of a message that was put through again. */
export type Replayed =
  | { readonly kind: "understood"; readonly result: Ingested }
  /** It stays, with this reason; what of it was understood has been taken. */
  | { readonly kind: "rejected"; readonly reason: string }
  /** It was too long to be kept whole, and stays. */
  | { readonly kind: "cut" };

const PAGE = 20;

/**
 * Puts a message through the same ingest again. What is understood now leaves the stream after it was taken; what is not stays
 * there once, with its reason. May be repeated. Throws `UpstreamError`.
 */
export async function replayRejected(
  entry: RejectedMessage,
  rejected: Pick<RejectedMessages, "remove" | "replace">,
  ingester: Ingester,
): Promise<Replayed> {
  const { topic, messageId, body, at, sentAt } = entry;
  // A row that the archive could not give has no topic: it would be ignored, and so be gone.
  if (entry.bytes > body.length || topic === "") return { kind: "cut" };
  const reasons: string[] = [];
  const collect = {
    add: ({ reason }: { readonly reason: string }): Promise<boolean> => {
      reasons.push(reason);
      return Promise.resolve(true);
    },
  };
  const headers = sentAt === "" ? {} : { "sent-at": sentAt };
  const message = { topic, messageId, headers, body, arrivedAt: at };
  const [result] = await ingestAll([message], { ...ingester, rejected: collect });
  if (result === undefined) throw new Error("a message has no end");
  const reason = reasons.join("; ");
  if (reasons.length === 0) await rejected.remove([entry.id]);
  else if (reason !== entry.reason) await rejected.replace(entry, reason);
  return reasons.length === 0 ? { kind: "understood", result } : { kind: "rejected", reason };
}

/** Every entry that there is when it begins, the oldest first, in pages that fit into memory. Throws `UpstreamError`. */
export async function* everyRejected(
  rejected: Pick<RejectedMessages, "page" | "lastId">,
): AsyncGenerator<RejectedMessage, void> {
  const last = await rejected.lastId();
  if (last === null) return;
  for (let after: string | null = null; ;) {
    const page: readonly RejectedMessage[] = await rejected.page(after, PAGE);
    for (const entry of page) {
      if (compareIds(entry.id, last) > 0) return;
      yield entry;
    }
    after = page.at(-1)?.id ?? null;
    if (after === null) return;
  }
}
