import { html, type Html } from "./html.ts";
import type { Stats } from "../../inspect/stats.ts";

type Day = Stats["days"][number];

const WIDTH = 700;
const HEIGHT = 160;
const LEFT = 44;
const BOTTOM = 22;
const TOP = 8;
const SERIES = [
  { kind: "private", name: "made private" },
  { kind: "delete", name: "deleted" },
] as const;

/** The coming days as bars, two a day; the table below it has the same numbers, so those who cannot see it miss nothing. */
export function dayChart(days: readonly Day[]): Html {
  const most = roundUp(Math.max(1, ...days.flatMap((day) => [day.private, day.delete])));
  const height = HEIGHT - BOTTOM - TOP;
  const step = (WIDTH - LEFT) / Math.max(1, days.length);
  const y = (value: number): number => round(TOP + height * (1 - value / most));
  const bar = (day: Day, index: number, place: number): Html => {
    const { kind } = SERIES[place === 0 ? 0 : 1];
    const value = day[kind];
    const x = round(LEFT + index * step + step * (0.12 + 0.4 * place));
    return html`<rect
      class="bar ${kind}"
      x="${x}"
      y="${y(value)}"
      width="${round(step * 0.36)}"
      height="${round(TOP + height - y(value))}"
    />`;
  };
  const line = (value: number): Html =>
    html`<line class="grid" x1="${LEFT}" x2="${WIDTH}" y1="${y(value)}" y2="${y(value)}" /><text
        class="tick"
        x="${LEFT - 6}"
        y="${y(value) + 4}"
        text-anchor="end"
        >${value}</text
      >`;
  const label = (day: Day, index: number): Html =>
    html`<text class="tick" x="${round(LEFT + (index + 0.5) * step)}" y="${HEIGHT - 6}" text-anchor="middle"
      >${day.day.slice(8)}</text
    >`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="The coming days, drawn">
      <svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="chart-title">
        <title id="chart-title">
          Images that are due on each of the coming ${days.length} days; the table below has the numbers
        </title>
        ${[0, most / 2, most].filter(Number.isInteger).map(line)}${days.flatMap((day, index) => [bar(day, index, 0), bar(day, index, 1), label(day, index)])}
      </svg>
    </div>
    <p class="legend" aria-hidden="true">
      ${SERIES.map(({ kind, name }) => html`<span class="key ${kind}"></span> ${name} `)}
    </p>`;
}

export function dayTable(days: readonly Day[]): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Due by day">
    <table>
      <caption>
        Due by day (UTC), from now on
      </caption>
      <thead>
        <tr>
          <th scope="col">day</th>
          <th scope="col" class="n">made private</th>
          <th scope="col" class="n">deleted</th>
        </tr>
      </thead>
      <tbody>
        ${days.map(
          (day) =>
            html`<tr>
              <th scope="row">${day.day}</th>
              <td class="n">${day.private}</td>
              <td class="n">${day.delete}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** The next of 1, 2, 4, 10, 20, 40, 100 …: half of it is a whole number, but for 1. */
function roundUp(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 10].map((factor) => factor * power).find((value) => value >= most) ?? most;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
