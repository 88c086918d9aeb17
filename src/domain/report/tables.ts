import { parseComposeId } from "../compose/compose.ts";
import type { ImageEvent } from "../image/event.ts";
import { orderOf } from "../image/stream.ts";
import { count, table } from "../markdown.ts";
import { FORMS, nameOf, type Dates, type Form } from "./forms.ts";
import { remarksText } from "./remarks.ts";
import { shown } from "./gate.ts";
import type { Section } from "./sections.ts";

const TOLD_AGAIN = "Told again: ";
const REPEATED =
  "Each of these stands in an earlier post already. The service lost its memory of that post; nothing was done twice.";

function tables(form: Form, events: readonly ImageEvent[], dates: Dates, isRepeated: boolean): string {
  const { heading, lead } = form;
  const lines = [`## ${isRepeated ? TOLD_AGAIN : ""}${heading} (${events.length})`, ""];
  if (isRepeated) lines.push(REPEATED, "");
  lines.push(lead(events, dates, isRepeated));
  for (const composeId of newestFirst(events.map((event) => event.composeId))) {
    const ofCompose = events.filter((event) => event.composeId === composeId);
    lines.push("", `### ${shown(composeId)}: ${count(ofCompose.length, "image")}`);
    lines.push(...tablesOf(form, ofCompose, dates));
  }
  return lines.join("\n");
}

/** A table for all images of which the same is to be said, and that above it. */
function tablesOf({ remarks, columns, row }: Form, events: readonly ImageEvent[], dates: Dates): readonly string[] {
  const groups = new Map<string, ImageEvent[]>();
  for (const event of events.toSorted((a, b) => compare(a.region, b.region) || compare(a.amiId, b.amiId))) {
    const said = remarksText([["name", shown(nameOf(event))], ...remarks(event, dates)]);
    groups.set(said, [...(groups.get(said) ?? []), event]);
  }
  return [...groups].flatMap(([said, of]) => {
    const rows = of.map((event) => [event.region, shown(event.amiId), ...row(event, dates)]);
    return ["", said, "", ...table(["region", "AMI", ...columns], rows)];
  });
}

/** One section with a table a compose, the newest compose first, then by region. */
export function renderSection(section: Section, events: readonly ImageEvent[], dates: Dates): string {
  return tables(FORMS[section], events, dates, false);
}

/** The same for what stands in an earlier post already: the service had forgotten that it told it. */
export function renderRepeated(section: Section, events: readonly ImageEvent[], dates: Dates): string {
  return tables(FORMS[section], events, dates, true);
}

/** Compose ids without repeats, by their date and respin, the newest first; what is no compose id comes last. */
export function newestFirst(composeIds: readonly string[]): readonly string[] {
  const order = (composeId: string): number => {
    const id = parseComposeId(composeId);
    return id.ok ? orderOf(id.value) : 0;
  };
  return [...new Set(composeIds)].sort((a, b) => order(b) - order(a) || compare(a, b));
}

/** By code units: the same on every machine, whatever its language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
