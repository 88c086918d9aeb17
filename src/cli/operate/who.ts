import { userInfo } from "node:os";
import { textOf, type Invocation } from "../command/command.ts";
import { plain } from "../terminal/show.ts";

/**
 * Who gives an order: `--by`, else the name of this account, else USER, LOGNAME, or the account's number. Never empty, and
 * nothing is thrown: an order must not fail for a name.
 */
export function byOf({ options, env }: Pick<Invocation, "options" | "env">): string {
  const names = [textOf({ options }, "by"), accountName(), env["USER"], env["LOGNAME"]];
  const [name] = names.map((each) => plain(each ?? "")).filter((each) => each !== "");
  return name ?? `uid ${process.getuid?.() ?? "unknown"}`;
}

/** Empty where the system knows no name for it, as of the number that a container was given. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return "";
  }
}
