/** Who had a hand in a comment, whatever the forge. */
export interface Hands {
  readonly author: string;
  /** Accounts that changed its text after that, the last one at the end; null: nobody knows whether and who. */
  readonly editors: readonly string[] | null;
}

/** Whose word a comment is. */
export interface Voice {
  /** Its orders are carried out; everybody else can only have images held. */
  readonly isOperator: boolean;
  /** An operator wrote it, and somebody changed it who is none: it counts no more than anybody's word. */
  readonly isChanged: boolean;
  /** The account whose words these are now. */
  readonly speaker: string;
}

const SOMEBODY = "somebody";

/**
 * Whose word a comment is. Many forges let others change what one wrote, and go on showing the author's name: only what an
 * operator wrote, and nobody but its author or another operator changed, is an operator's.
 */
export function voiceOf({ author, editors }: Hands, operators: readonly string[]): Voice {
  const isTrusted = (account: string): boolean => account === author || isAmong(account, operators);
  const stranger = editors === null ? SOMEBODY : editors.findLast((account) => !isTrusted(account));
  const isAuthorOperator = isAmong(author, operators);
  return {
    isOperator: isAuthorOperator && stranger === undefined,
    isChanged: isAuthorOperator && stranger !== undefined,
    speaker: stranger ?? author,
  };
}

/**
 * Whether an account is one of those in the configuration. A name that was written there with capitals is also the account in
 * small letters; an account with capitals is no other name's, as forges hold it for another account.
 */
function isAmong(account: string, names: readonly string[]): boolean {
  return names.some((name) => name === account || name.toLowerCase() === account);
}
