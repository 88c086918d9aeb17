import { dayChart, dayTable } from "./chart.ts";
import { awayText, when } from "./dates.ts";
import { html, type Html } from "./html.ts";
import { findLink, list, pageAnswer, table } from "./shell.ts";
import type { Answer } from "../answer.ts";
import { PARTS, type Parts } from "../ready.ts";
import { EVENT_KINDS, type ImageEvent } from "../../domain/image/event.ts";
import { STAGES } from "../../domain/image/image.ts";
import type { BudgetLimits } from "../../domain/limits/budget.ts";
import { publicReason } from "../../domain/plan/public-reason.ts";
import { refusalOf } from "../../domain/plan/refusal.ts";
import { withoutSecrets } from "../../domain/report/gate.ts";
import type { Instant } from "../../domain/time.ts";
import type { Listed } from "../../inspect/queue.ts";
import type { Recent } from "../../inspect/recent.ts";
import type { Stats } from "../../inspect/stats.ts";

/** What the first page shows; every part of it costs a bounded number of commands. */
export interface Overview {
  readonly now: Instant;
  readonly parts: Parts;
  /** Null: Redis does not answer. */
  readonly known: Known | null;
  readonly limits: Pick<BudgetLimits, "maxDeletesPerDay" | "maxPrivatePerDay">;
}

export interface Known {
  readonly stats: Stats;
  /** Of the last day, fit for the public. */
  readonly events: Recent;
  /** Some of those that are refused, as Redis has them: their errors are not fit for the public. */
  readonly refused: readonly Listed[];
  /** Events of the last days that kept images only because nobody knows better, one a compose. */
  readonly kept: readonly ImageEvent[];
}

const NAMES: Readonly<Record<(typeof PARTS)[number], string>> = {
  process: "this process",
  broker: "the bus (RabbitMQ)",
  redis: "its memory (Redis)",
  heard: "hearing",
  tick: "acting",
  report: "reporting",
  bus: "telling the bus",
  paused: "paused",
  stopped: "stopped by a budget",
  breakers: "left alone",
};
/** What stands between a word and its instant, where that is no beginning. */
const BONDS: Readonly<Partial<Record<(typeof PARTS)[number], string>>> = { heard: "up to", tick: "at" };
const SHOWN_EVENTS = 20;

/** The status page: is it alive, what will happen, what happened, and what needs a person. */
export function overviewPage({ now, parts, known, limits }: Overview): Answer {
  const main = html`${stateLine(parts)}${known === null ? null : knownParts(known, now, limits)}${signs(parts, now)}`;
  return pageAnswer({ title: "What becomes of Fedora’s nightly AMIs", main });
}

function knownParts(known: Known, now: Instant, limits: Overview["limits"]): Html {
  const { stats } = known;
  return html`<h2>The coming 14 days</h2>
    ${dayChart(stats.days)}${dayTable(stats.days)}${needsPerson(known, now)}
    <h2>Images</h2>
    ${stageTable(stats)}
    <h2>The last day</h2>
    ${lastDay(known.events, now)}
    <h2>Budgets of today</h2>
    ${budgets(stats, limits)}`;
}

/** One sentence: whether it is alive, and whether anything is stuck. */
function stateLine(parts: Parts): Html {
  const of = (state: string): string[] =>
    PARTS.filter((name) => parts[name].state === state).map((name) => `${NAMES[name]}: ${parts[name].word}`);
  const [down, degraded] = [of("down"), of("degraded")];
  if (down.length > 0)
    return html`<p class="state bad"><strong>It does not work as it should.</strong> ${down.join("; ")}.</p>`;
  if (degraded.length > 0)
    return html`<p class="state bad">
      <strong>It runs, and something is to be looked at.</strong> ${degraded.join("; ")}.
    </p>`;
  return html`<p class="state"><strong>It runs, and nothing is stuck.</strong></p>`;
}

function signs(parts: Parts, now: Instant): Html {
  const rows = PARTS.map((name): readonly [string, Html] => {
    const { state, word, since } = parts[name];
    const at = since === null ? null : Date.parse(since);
    const bond = (state === "ok" ? BONDS[name] : undefined) ?? "since";
    return [NAMES[name], html`${word}${at === null ? null : html`, ${bond} ${when(at, now)}`}`];
  });
  return html`<h2>Signs of life</h2>
    ${list(rows)}`;
}

function stageTable({ regions }: Stats): Html {
  if (regions.length === 0) return html`<p>No image is known yet.</p>`;
  const seen = new Set(regions.flatMap(({ stages }) => Object.keys(stages)));
  const stages = STAGES.filter((stage) => seen.has(stage));
  const others = [...seen].filter((name) => !stages.some((stage) => stage === name));
  const names = [...stages, ...others];
  const sum = (name: string): number => regions.reduce((total, each) => total + (each.stages[name] ?? 0), 0);
  const rows = regions.map((each) => [each.region, ...names.map((name) => each.stages[name] ?? 0)]);
  const head = ["region", ...names.map((name) => (name === "?" ? "unreadable" : name))];
  return table("Live images by region and stage", head, [["all", ...names.map(sum)], ...rows]);
}

function lastDay({ events, isAll }: Recent, now: Instant): Html {
  if (events.length === 0) return html`<p>Nothing happened in the last day.</p>`;
  const counts = EVENT_KINDS.map((kind) => [kind, events.filter(({ what }) => what === kind).length] as const);
  const words = counts.filter(([, count]) => count > 0).map(([kind, count]) => `${count} ${kind}`);
  const newest = events.slice(0, SHOWN_EVENTS);
  return html`<p>${isAll ? null : "At least: "}${words.join(", ")}.</p>
    ${table(
      `The last ${newest.length} of them`,
      ["AMI", "region", "what", "when", "why"],
      newest.map(({ amiId, region, what, at, why }) => [findLink(amiId), region, what, awayText(at, now), why]),
    )}`;
}

function needsPerson({ stats, refused, kept }: Known, now: Instant): Html {
  const { pause, stops, breakers } = stats;
  const troubles = [
    ...(pause === null ? [] : [["All acts are paused.", "Whoever paused it ends that with clean-amis resume."]]),
    ...stops.map(({ kind, reason }) => [
      `Acts of the kind “${kind}” are stopped: ${withoutSecrets(reason)}.`,
      "Look at the plan, then clean-amis resume.",
    ]),
    ...breakers.map(({ region, why }) => [`${region} is left alone.`, `${withoutSecrets(why)}.`]),
  ];
  const images = refused.flatMap(({ image }) => {
    const refusal = image === null ? null : refusalOf(image);
    if (image === null || refusal === null) return [];
    const { why, who } = publicReason(image.lastError);
    return [[findLink(image.amiId), image.region, why, who, refusal.cure]];
  });
  const count = stats.regions.reduce((sum, each) => sum + each.refused, 0);
  if (troubles.length + images.length + count + kept.length === 0)
    return html`<h2>What needs a person</h2>
      <p>Nothing.</p>`;
  return html`<h2>What needs a person</h2>
    ${
      troubles.length === 0
        ? null
        : html`<ul>
            ${troubles.map(([what = "", cure = ""]) => html`<li>${what} ${cure}</li>`)}
          </ul>`
    }
    ${images.length === 0 ? null : table(`Refused: ${Math.max(count, images.length)}, of which these`, ["AMI", "region", "why", "who must act", "what helps"], images)}
    ${
      kept.length === 0
        ? null
        : table(
            "Composes kept because nobody knows better",
            ["compose", "why", "when"],
            kept.map(({ composeId, why, at }) => [findLink(composeId), why, awayText(at, now)]),
          )
    }${
      kept.length === 0
        ? null
        : html`<p>
            Nothing is done to them. What is announced of their composes later is taken up by itself; whoever knows that
            an image may go deletes it in EC2.
          </p>`
    }`;
}

function budgets({ spent }: Stats, { maxPrivatePerDay, maxDeletesPerDay }: Overview["limits"]): Html {
  const bar = (name: string, done: number, most: number): readonly [string, Html] => [
    name,
    html`<progress aria-label="${name}" max="${Math.max(1, most)}" value="${Math.min(done, most)}"></progress> ${done}
      of ${most}`,
  ];
  return list([bar("made private", spent.private, maxPrivatePerDay), bar("deleted", spent.delete, maxDeletesPerDay)]);
}
