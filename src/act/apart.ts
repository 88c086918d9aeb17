import { isOfNeighbour, UpstreamError, type RefusedError } from "../errors.ts";

/** What one question told of many images, and why some of them have no answer. */
export interface Apart<T> {
  readonly found: ReadonlyMap<string, T>;
  readonly failed: ReadonlyMap<string, UpstreamError | RefusedError>;
}

type Ask<T> = (amiIds: readonly string[]) => Promise<ReadonlyMap<string, T>>;

/** No answer at all, in the SDK's word or in Node's: whoever asks less waits as long for none. */
const NO_ANSWER = /^(?:TimeoutError|E[A-Z_]+)$/;

/**
 * Asks EC2 one question of a whole batch. One image that it fails for spoils it for all: so where it is answered for one half, or the
 * failure speaks of images alone, it is asked of smaller and smaller parts, within `apart`, until it is known for which images
 * it fails. Throws what fails for all alike.
 */
export async function askApart<T>(
  amiIds: readonly string[],
  ask: Ask<T>,
  apart: (work: () => Promise<Apart<T>>) => Promise<Apart<T>>,
): Promise<Apart<T>> {
  try {
    return { found: await ask(amiIds), failed: new Map() };
  } catch (error) {
    if (!maySpeakOfSome(error)) throw error;
    if (isOfImages(error)) return apart(() => askParts(amiIds, error, ask));
    if (amiIds.length < 2) throw error;
    const [first, second] = halvesOf(amiIds);
    const known = await answerOf(first, ask);
    if (known !== null) return apart(async () => merged(known, await askEach(second, ask)));
    const other = await answerOf(second, ask);
    if (other === null) throw error;
    return apart(async () => merged(await askParts(first, error, ask), other));
  }
}

/** Null: it fails for these as well. */
async function answerOf<T>(amiIds: readonly string[], ask: Ask<T>): Promise<Apart<T> | null> {
  try {
    return { found: await ask(amiIds), failed: new Map() };
  } catch (error) {
    if (!maySpeakOfSome(error)) throw error;
    return null;
  }
}

async function askEach<T>(amiIds: readonly string[], ask: Ask<T>): Promise<Apart<T>> {
  try {
    return { found: await ask(amiIds), failed: new Map() };
  } catch (error) {
    if (!maySpeakOfSome(error)) throw error;
    return askParts(amiIds, error, ask);
  }
}

/** What failed for all of these together, asked of less: of one alone it is that one's failure. */
async function askParts<T>(
  amiIds: readonly string[],
  error: UpstreamError | RefusedError,
  ask: Ask<T>,
): Promise<Apart<T>> {
  if (amiIds.length < 2) return { found: new Map(), failed: new Map(amiIds.map((amiId) => [amiId, error])) };
  const [first, second] = halvesOf(amiIds);
  return merged(await askEach(first, ask), await askEach(second, ask));
}

function halvesOf(amiIds: readonly string[]): readonly [readonly string[], readonly string[]] {
  const middle = Math.ceil(amiIds.length / 2);
  return [amiIds.slice(0, middle), amiIds.slice(middle)];
}

function merged<T>(one: Apart<T>, other: Apart<T>): Apart<T> {
  return {
    found: new Map([...one.found, ...other.found]),
    failed: new Map([...one.failed, ...other.failed]),
  };
}

function maySpeakOfSome(error: unknown): error is UpstreamError | RefusedError {
  if (!isOfNeighbour(error)) return false;
  if (!(error instanceof UpstreamError)) return true;
  return ["call", "image"].includes(error.scope) && !NO_ANSWER.test(error.code);
}

function isOfImages(error: UpstreamError | RefusedError): boolean {
  return error instanceof UpstreamError && error.scope === "image";
}
