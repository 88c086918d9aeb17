import type { Commands } from "./command/command.ts";
import { classifyCommand } from "./decide/classify.ts";
import { replay } from "./decide/replay.ts";
import { completionCommand } from "./help/completion.ts";
import { helpCommand } from "./help/help.ts";
import { events } from "./inspect/events.ts";
import { explain } from "./inspect/explain.ts";
import { guard } from "./inspect/guard.ts";
import { history } from "./inspect/history.ts";
import { queue } from "./inspect/queue.ts";
import { rejected } from "./inspect/rejected.ts";
import { report } from "./inspect/report.ts";
import { hold, release, restore, retry } from "./operate/orders.ts";
import { pause, resume } from "./operate/pause.ts";
import { reconcileCommand } from "./operate/reconcile.ts";
import { backfillCommand } from "./run/backfill.ts";
import { config } from "./run/config.ts";
import { consumeCommand } from "./run/consume.ts";
import { doctor } from "./run/doctor.ts";
import { tick } from "./run/tick.ts";

/** Every command; help, completion and man page are made from this table. */
export const COMMANDS: Commands = {
  consume: consumeCommand,
  tick,
  backfill: backfillCommand,
  reconcile: reconcileCommand,
  queue,
  explain,
  history,
  events,
  rejected,
  guard,
  classify: classifyCommand,
  replay,
  report,
  hold,
  release,
  restore,
  retry,
  pause,
  resume,
  doctor,
  config,
  completion: completionCommand(() => COMMANDS),
  help: helpCommand(() => COMMANDS),
};
