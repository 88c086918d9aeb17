import type { Act, BudgetLimits } from "../domain/limits/budget.ts";
import { DEAFNESS_WORDS } from "../domain/limits/deaf.ts";
import { MINUTE_MS, type Instant } from "../domain/time.ts";
import { iso } from "./json.ts";
import type { Stats } from "./stats.ts";
import { MARKS, type ReporterStatus } from "../ports/index.ts";

/** A replica that was not seen for so long has not told its end, and does not run any more. */
export const SILENT_MS = MINUTE_MS;

/** What the configuration lets the service do. */
export interface Permitted {
  readonly act: Act;
  readonly budgets: Pick<BudgetLimits, "maxDeletesPerDay" | "maxPrivatePerDay">;
}

function statusJson(status: ReporterStatus | null) {
  return status === null ? null : { state: status.state, since: iso(status.since), why: status.reason };
}

/** What `schemas/queue-stats.json` describes. */
export function statsJson(stats: Stats, { budgets, act }: Permitted) {
  const { at, pause, stops, signs, reporter, bus, spent, overdue } = stats;
  const since = (instant: Instant): string | null => (instant === 0 ? null : iso(instant));
  return {
    at: iso(at),
    regions: stats.regions,
    days: stats.days,
    rejected: stats.rejected,
    orders_waiting: stats.ordersWaiting,
    overdue: overdue.map(({ queue, images, oldest }) => {
      const place = oldest === null ? null : { region: oldest.region, ami: oldest.amiId, due_at: iso(oldest.wakeAt) };
      return { queue, images, oldest: place };
    }),
    acts: {
      may: act,
      private: spent.private,
      private_budget: budgets.maxPrivatePerDay,
      delete: spent.delete,
      delete_budget: budgets.maxDeletesPerDay,
    },
    paused: pause === null ? null : { since: since(pause.since), by: pause.by, why: pause.why },
    stopped: stops.map((stop) => ({ kind: stop.kind, since: since(stop.since), why: stop.reason })),
    heard_until: iso(stats.heard?.until ?? null),
    deaf: stats.heard?.deafness !== null,
    deaf_why: stats.heard?.deafness == null ? null : DEAFNESS_WORDS[stats.heard.deafness],
    late_since: iso(stats.heard?.lateSince ?? null),
    ...Object.fromEntries(MARKS.map((mark) => [`last_${mark}`, iso(signs.marks[mark] ?? null)])),
    replicas: signs.replicas.map(({ id, seenAt }) => ({ id, seen_at: iso(seenAt), silent: at - seenAt >= SILENT_MS })),
    hung: signs.hung.map(({ pass, since: began, replica }) => ({ pass, since: iso(began), replica })),
    reporter: statusJson(reporter),
    bus: statusJson(bus),
    breakers: stats.breakers.map(({ region, since: at, why }) => ({ region, since: since(at), why })),
  };
}
