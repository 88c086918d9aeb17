import type { Instant } from "../../../src/domain/time.ts";
import type { Stage } from "./stage.ts";
import { writeAsBefore } from "./upgrade.ts";

/** What goes wrong for some days. */
export interface Incident {
  readonly what: string;
  readonly day: number;
  /** Healed at this day's beginning. */
  readonly endDay: number;
  begin(stage: Stage): Promise<void> | void;
  end(stage: Stage): Promise<void> | void;
  /** When Redis lost everything by it. */
  lostAt?: Instant;
}

const nothing = (): void => undefined;

/** What a year has, in parts of it; none lasts longer in a short one than in a long one. */
export function incidentsOf(days: number): readonly Incident[] {
  const at = (part: number): number => Math.round(part * days);
  const for_ = (most: number): number => (days < 100 ? Math.ceil(most / 2) : most);
  const times = (parts: readonly number[], make: (day: number) => Incident): readonly Incident[] =>
    parts.map((part) => make(at(part)));
  return [
    ...times(days < 100 ? [0.5] : [0.15, 0.45, 0.87], (day) => awsOutage(day, for_(2))),
    ...times(days < 100 ? [0.3] : [0.27, 0.6], (day) => forgeOutage(day, for_(4))),
    ...times(days < 100 ? [0.68] : [0.35, 0.75], (day) => ourOutage(day, 3)),
    upgrade(at(0.55)),
    redisLost(at(0.62)),
  ];
}

/** A whole region answers nothing but that it is not available, the home of what is of no region first of all. */
function awsOutage(day: number, days: number): Incident {
  let lift = nothing;
  return {
    what: "EC2 fails in us-east-1",
    day,
    endDay: day + days,
    begin: ({ simulator }) => {
      const [kind, code, region] = ["error", "ServiceUnavailable", "us-east-1"] as const;
      lift = simulator.faults.add({ kind, code, region, times: Infinity });
    },
    end: () => {
      lift();
    },
  };
}

function forgeOutage(day: number, days: number): Incident {
  let lift = nothing;
  return {
    what: "the forge is away",
    day,
    endDay: day + days,
    begin: ({ forge }) => {
      lift = forge.fail({ times: Infinity, trouble: { kind: "answer", status: 503, body: "down" } });
    },
    end: () => {
      lift();
    },
  };
}

/** The service is away, and its queue with it: what was said meanwhile the archive has alone. */
function ourOutage(day: number, days: number): Incident {
  return {
    what: "the service is away",
    day,
    endDay: day + days,
    begin: async (stage) => {
      await stage.stop();
      await stage.forgetQueue();
    },
    end: (stage) => stage.start(),
  };
}

/** The version before was at work until now. */
function upgrade(day: number): Incident {
  return {
    what: "an upgrade",
    day,
    endDay: day,
    begin: async (stage) => {
      await stage.stop();
      await writeAsBefore(stage);
    },
    end: (stage) => stage.start(),
  };
}

function redisLost(day: number): Incident {
  const incident: Incident = {
    what: "Redis loses everything",
    day,
    endDay: day,
    begin: async (stage) => {
      await stage.stop();
      await stage.forget();
      incident.lostAt = stage.time.now();
      await stage.reconcile();
    },
    end: (stage) => stage.start(),
  };
  return incident;
}
