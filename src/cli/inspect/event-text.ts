import type { Screen } from "../command/command.ts";
import { jsonLine } from "../terminal/show.ts";
import { Table, type Column, type Style } from "../terminal/table.ts";
import { utc } from "../terminal/when.ts";
import type { ImageEvent } from "../../domain/image/event.ts";
import { eventJson } from "../../inspect/json.ts";

/** A screen that has no room for a whole instant beside an AMI. */
const NARROW = 60;

const STYLES: Readonly<Partial<Record<ImageEvent["what"], Style>>> = {
  refused: "red",
  failed: "red",
  altered: "red",
  deleted: "yellow",
  deleting: "yellow",
  "made-private": "yellow",
  held: "cyan",
  released: "cyan",
  restored: "green",
  restoring: "green",
};

/** A line an event, cut to the screen; why it happened is told whole, if need be below. */
export function eventTable(screen: Screen | null): {
  readonly head: string;
  readonly of: (event: ImageEvent) => string;
} {
  const isNarrow = screen !== null && screen.columns < NARROW;
  const columns: readonly Column[] = [
    isNarrow ? { name: "UTC", least: 8, most: 8, rank: 0 } : { name: "WHEN (UTC)", least: 20, most: 20, rank: 0 },
    { name: "WHAT", least: 8, most: 12, rank: 2 },
    { name: "REGION", least: 14, most: 14, rank: 3 },
    { name: "AMI", least: 21, most: 21, rank: 1 },
    { name: "COMPOSE", least: 27, most: 34, rank: 6 },
    { name: "WHO", least: 8, most: 16, rank: 4 },
    { name: "WHY", least: 12, most: 300, rank: 5, isWhole: true },
  ];
  const table = new Table(columns, screen);
  return {
    head: table.head(),
    of: ({ at, what, region, amiId, composeId, who, why }) => {
      const when = isNarrow ? utc(at).slice(11, 19) : utc(at);
      const style = STYLES[what];
      return table.row([when, style === undefined ? what : { text: what, style }, region, amiId, composeId, who, why]);
    },
  };
}

/** A line of `schemas/event.json`. */
export function eventLine(event: ImageEvent): string {
  return jsonLine(eventJson(event));
}
