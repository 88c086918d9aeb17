import { hearAgain, hearNew, type Listener } from "../../../../src/hear/catch-up.ts";
import type { Archive } from "../../../../src/ports/index.ts";

/** Hears what is new, and the whole first window again if that is due; resolves to how many images were new. */
export async function catchUp(listener: Listener): Promise<number> {
  const lease = await listener.hearing.lease();
  if (lease === null) throw new Error("another process reads the archive");
  let fresh = 0;
  const info = (data: object): void => {
    if ("fresh" in data) fresh += Number(data.fresh);
  };
  const turn = { lease, step: () => undefined, mayGoOn: () => Promise.resolve(true) };
  try {
    await hearNew({ ...listener, log: { ...listener.log, info } }, turn);
    await hearAgain({ ...listener, log: { ...listener.log, info } }, turn);
  } finally {
    await lease.end();
  }
  return fresh;
}

/** What an archive is asked for. */
export type Asked = Parameters<Archive["messages"]>[0];

/** An archive that has nothing, and tells what it is asked for; `answer` may fail, or keep it waiting. */
export function emptyArchive(answer: (asked: Asked) => Promise<void> = () => Promise.resolve()): {
  readonly archive: Archive;
  readonly asked: Asked[];
} {
  const asked: Asked[] = [];
  const archive: Archive = {
    messages: async function* (query) {
      asked.push(query);
      await answer(query);
      yield* [];
    },
  };
  return { archive, asked };
}
