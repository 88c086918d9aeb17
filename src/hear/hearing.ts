import type { CommentMemory, Hearing } from "../ports/index.ts";

/**
 * A hearing that comments count for, too: everything was heard up to the earlier of both. Where nothing was ever posted nobody
 * can have objected.
 */
export function withComments(
  hearing: Pick<Hearing, "memory">,
  comments: Pick<CommentMemory, "readUntil" | "isSilent">,
): Pick<Hearing, "memory"> {
  return {
    memory: async () => {
      const [memory, readUntil] = await Promise.all([hearing.memory(), comments.readUntil()]);
      if (readUntil === null && (await comments.isSilent())) return memory;
      const isUnknown = memory.heardUntil === null || readUntil === null;
      return { ...memory, heardUntil: isUnknown ? null : Math.min(memory.heardUntil, readUntil) };
    },
  };
}
