import { createHash } from "node:crypto";
import type { Comment, PendingComment } from "../ports/index.ts";

/** A comment's name among all of them. */
export function keyOf({ threadId, commentId }: Pick<PendingComment, "threadId" | "commentId">): string {
  return `${threadId}/${commentId}`;
}

/** Of what somebody can mean by editing a comment; blanks alone mean nothing. */
export function digestOf({ text }: Pick<Comment, "text">): string {
  return hash(text.replaceAll(/\s+/g, " ").trim());
}

/** The hidden words by which our answer to a comment, as it was then, is known again. */
export function answerMarker(comment: Pick<PendingComment, "threadId" | "commentId" | "digest">): string {
  return `clean-amis-answer:${hash(`${keyOf(comment)}/${comment.digest}`)}`;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 24);
}
