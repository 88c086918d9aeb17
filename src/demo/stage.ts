import type { CastImage } from "./cast/cast.ts";
import type { Ec2Simulator } from "./outside/ec2/simulator.ts";
import type { ForgeDouble } from "./outside/forge.ts";
import type { Addresses } from "./service-config.ts";

/** The world that the demo plays in. */
export interface Stage extends Addresses {
  readonly configFile: string;
  readonly images: readonly CastImage[];
  readonly simulator: Ec2Simulator;
  /** What the reports go to. */
  readonly tracking: Pick<ForgeDouble, "tracker">;
  /** Whether the servers are the demo's own, and end with it. */
  readonly isOwn: boolean;
  readonly say: (line: string) => void;
  readonly stop: AbortSignal;
  /** How long a day of the demo takes, in milliseconds. */
  readonly dayMs: number;
  /** When the messages were sent that only the archive has. */
  readonly archivedAt: number;
}

/** What happened, for programs. */
export interface Summary {
  readonly messages: number;
  readonly images: number;
  readonly stages: Readonly<Record<string, number>>;
  readonly rules: Readonly<Record<string, number>>;
  readonly ec2_calls: Readonly<Record<string, number>>;
  readonly reports: number;
  /** What somebody on the bus heard, by the topic's last word. */
  readonly bus: Readonly<Record<string, number>>;
  readonly rejected: number;
  readonly violations: readonly string[];
  readonly seconds: number;
}
