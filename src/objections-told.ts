import { tooManyText } from "./domain/comment/answer.ts";
import type { HeldBack } from "./domain/report/outlook.ts";
import { DAY_MS, dayOf } from "./domain/time.ts";
import { isDeaf } from "./hear/catch-up.ts";
import type { Clock, CommentMemory, Ears, Schedule } from "./ports/index.ts";

/**
 * Ears that hear comments, too: everything was heard up to the earlier of both. Where nothing was ever posted nobody can have
 * objected.
 */
export function withComments(ears: Pick<Ears, "memory">, comments: CommentMemory): Pick<Ears, "memory"> {
  return {
    memory: async () => {
      const [memory, readUntil] = await Promise.all([ears.memory(), comments.readUntil()]);
      if (readUntil === null && (await comments.isSilent())) return memory;
      const isUnknown = memory.heardUntil === null || readUntil === null;
      return { ...memory, heardUntil: isUnknown ? null : Math.min(memory.heardUntil, readUntil) };
    },
  };
}

export interface ToldParts {
  readonly comments: CommentMemory;
  readonly schedule: Pick<Schedule, "countDue">;
  readonly clock: Clock;
  readonly mostPerDay: number;
}

/** What the report says of comments: that they cannot be read, and who writes too many. Throws `UpstreamError`. */
export async function objectionsHeldBack(parts: ToldParts): Promise<readonly HeldBack[]> {
  const { comments, schedule, clock, mostPerDay } = parts;
  const now = clock.now();
  const readUntil = await comments.readUntil();
  const isUnread = isDeaf(readUntil, now) && !(readUntil === null && (await comments.isSilent()));
  const due = isUnread ? await Promise.all([schedule.countDue("private", now), schedule.countDue("delete", now)]) : [];
  const unread: HeldBack = {
    ...{ what: "make images private, or delete them", why: "the comments on the reports could not be read" },
    ...{ since: readUntil, images: due.reduce((sum, count) => sum + count, 0), plan: [] },
  };
  // Yesterday's as well: a report may have been posted before they wrote.
  const days = [dayOf(now - DAY_MS), dayOf(now)];
  const excess = await Promise.all(
    days.map(async (day) => ({ day, authors: await comments.tooMany(day, mostPerDay) })),
  );
  const why = `${mostPerDay} comments of one author a day are answered; what they name is held all the same`;
  return [
    ...(isUnread ? [unread] : []),
    ...excess.flatMap(({ day, authors }) =>
      authors.map(({ author, comments: count }) => ({
        ...{ what: tooManyText(author, count, day), why, since: null, images: 0, plan: [] },
      })),
    ),
  ];
}
