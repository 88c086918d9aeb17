import { failure, type Finding } from "./finding.ts";
import { describeError, ConfigError, RefusedError, UpstreamError } from "../errors.ts";

/** Looks, and makes a finding of whatever is thrown, so that one check never hides another. */
export async function attempt(
  name: string,
  look: () => Promise<readonly Finding[]> | readonly Finding[],
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    return [failure(name, withoutName(describeError(error), name), remedyOf(error))];
  }
}

/** The foreseen errors say themselves what to do. */
function remedyOf(error: unknown): string | null {
  if ([UpstreamError, RefusedError, ConfigError].some((each) => error instanceof each)) return null;
  return "this is a bug in clean-amis: please report it";
}

/** Errors begin with the name of their service; a line that begins with it already needs it once. */
function withoutName(message: string, name: string): string {
  const service = `${name.split(" ")[0] ?? name}: `;
  return message.startsWith(service) ? message.slice(service.length) : message;
}
