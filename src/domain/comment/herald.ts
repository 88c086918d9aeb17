/** The forges that tell the bus of each new comment. */
export type Herald = "pagure" | "forgejo";

/**
 * The topics by which they do, as routing keys: Pagure's own (pagure-messages, `IssueCommentAddedV1`), and what Fedora's webhook
 * bridge makes of Forgejo's webhooks (docs.fedoraproject.org, "Webhook to Fedora Messaging for Forgejo").
 */
const KEYS: Readonly<Record<Herald, string>> = {
  pagure: "io.pagure.*.pagure.issue.comment.added",
  forgejo: "org.fedoraproject.*.forgejo.issue_comment",
};

/** The routing key that brings the messages of a forge about new comments. */
export function heraldKey(forge: Herald): string {
  return KEYS[forge];
}

/** Whether a topic is that of a forge's messages about new comments. */
export function isHeraldTopic(forge: Herald, topic: string): boolean {
  const [words, wanted] = [topic.split("."), KEYS[forge].split(".")];
  return words.length === wanted.length && wanted.every((word, index) => word === "*" || word === words[index]);
}
