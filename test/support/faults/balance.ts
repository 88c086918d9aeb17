import type { Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import type { ForgeDouble } from "../../../src/demo/outside/forge.ts";
import { PROJECT } from "../../../src/demo/objector.ts";
import { toldIn } from "../../../src/domain/report/told.ts";
import type { Confirmed } from "./publisher.ts";

/** What came of all that was confirmed, by the publisher, EC2's journal and the forge's page alone. */
interface Balance {
  /** Confirmed, and not yet private, told, deleted and told. */
  readonly lost: readonly string[];
  /** Made private before its time, or deleted before its notice was old enough. */
  readonly early: readonly string[];
  /** Made private, or deleted, more than once. */
  readonly twice: readonly string[];
  /** Named more than once under one heading. */
  readonly toldTwice: readonly string[];
}

export interface Seen {
  readonly confirmed: readonly Confirmed[];
  readonly simulator: Ec2Simulator;
  readonly forge: Pick<ForgeDouble, "tracker" | "journal">;
  readonly privateAfterMs: number;
  readonly deleteAfterMs: number;
}

type Instants = ReadonlyMap<string, readonly number[]>;

export function balanceOf({ confirmed, simulator, forge, privateAfterMs, deleteAfterMs }: Seen): Balance {
  const [closed, gone] = [closings(simulator), deletions(simulator)];
  const [toldClosed, toldGone] = [tellings(forge, "made-private"), tellings(forge, "deleted")];
  const noticed = notices(forge);
  const ids = confirmed.map(({ amiId }) => amiId);
  const many = (instants: Instants): ((amiId: string) => boolean) => {
    return (amiId) => (instants.get(amiId)?.length ?? 0) > 1;
  };
  const isLost = (amiId: string): boolean => [closed, gone, toldClosed, toldGone].some((each) => !each.has(amiId));
  const isEarly = ({ amiId, sentAt }: Confirmed): boolean =>
    (closed.get(amiId)?.[0] ?? Infinity) < sentAt + privateAfterMs ||
    (gone.get(amiId)?.[0] ?? Infinity) < (noticed.get(amiId)?.[0] ?? Infinity) + deleteAfterMs;
  return {
    lost: ids.filter(isLost),
    early: confirmed.filter((each) => (closed.has(each.amiId) || gone.has(each.amiId)) && isEarly(each)).map(idOf),
    twice: ids.filter((amiId) => many(closed)(amiId) || many(gone)(amiId)),
    toldTwice: ids.filter((amiId) => many(toldClosed)(amiId) || many(toldGone)(amiId)),
  };
}

function idOf({ amiId }: Confirmed): string {
  return amiId;
}

/**
 * Seconds from `since` until the first image that was confirmed later was made private, less what it had to wait by itself; null:
 * none was.
 */
export function secondsUntilBack(since: number, { confirmed, simulator, privateAfterMs }: Seen): number | null {
  const closed = closings(simulator);
  const later = confirmed.flatMap(({ amiId, sentAt, confirmedAt }) => {
    const at = closed.get(amiId)?.[0];
    return confirmedAt < since || at === undefined ? [] : [at - Math.max(since, sentAt + privateAfterMs)];
  });
  return later.length === 0 ? null : Math.max(0, Math.min(...later)) / 1000;
}

function collect(pairs: readonly (readonly [string, number])[]): Instants {
  const found = new Map<string, number[]>();
  for (const [amiId, at] of pairs) found.set(amiId, [...(found.get(amiId) ?? []), at]);
  return found;
}

function closings({ journal }: Ec2Simulator): Instants {
  return collect(
    journal.entries.flatMap(({ effect, at }) =>
      effect?.kind === "image-permission" && !effect.isPublic ? [[effect.imageId, at] as const] : [],
    ),
  );
}

function deletions({ journal }: Ec2Simulator): Instants {
  return collect(
    journal.entries.flatMap(({ effect, at }) =>
      effect?.kind === "image-deregistered" ? [[effect.imageId, at] as const] : [],
    ),
  );
}

/** As the page shows it now: the texts of all issues. */
function tellings({ tracker }: Seen["forge"], section: string): Instants {
  const texts = tracker
    .issues(PROJECT)
    .flatMap(({ content, comments }) => [content, ...comments.map(({ text }) => text)]);
  const told = texts.flatMap(toldIn).filter((each) => each.section === section);
  return collect(told.map(({ amiId }) => [amiId, 0] as const));
}

/** When each image was first named as made private. */
function notices({ journal }: Seen["forge"]): Instants {
  return collect(
    journal.flatMap(({ created, form, at }) =>
      created === null
        ? []
        : Object.values(form)
            .flatMap(toldIn)
            .flatMap(({ section, amiId }) => (section === "made-private" ? [[amiId, at] as const] : [])),
    ),
  );
}
