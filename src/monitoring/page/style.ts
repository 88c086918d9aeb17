import type { Answer } from "../answer.ts";

/** Contrasts are at least 4.5 : 1 for text and 3 : 1 for bars and fields, in both schemes (WCAG 2.2, AA). */
const STYLE = `:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1d2329; --faint: #4a5560; --line: #767f88; --panel: #f2f5f8;
  --link: #0b57a4; --private: #b25e00; --delete: #b3261e; --ok: #1e6b34; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15191d; --ink: #e6eaee; --faint: #b4bec8; --line: #7d8893; --panel: #20262c;
    --link: #8cc4ff; --private: #f0a35a; --delete: #ff8a80; --ok: #84d69b; --bad: #ff8a80;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 0 1rem 2rem; max-width: 60rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); }
a:focus-visible, input:focus-visible, button:focus-visible, .scroll:focus-visible, summary:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .3rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 2rem; align-items: end; justify-content: space-between; border-bottom: 1px solid var(--line); padding: 1rem 0; }
.name { margin: 0; font-size: 1.25rem; font-weight: 700; }
.name a { color: inherit; text-decoration: none; }
form { flex: 1 1 18rem; max-width: 30rem; }
label { display: block; font-size: .875rem; color: var(--faint); }
.row { display: flex; gap: .5rem; }
input { flex: 1; min-width: 0; font: inherit; padding: .4rem; color: var(--ink); background: var(--paper); border: 1px solid var(--line); border-radius: .25rem; }
button { font: inherit; padding: .4rem .8rem; color: var(--ink); background: var(--panel); border: 1px solid var(--line); border-radius: .25rem; cursor: pointer; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 1.5rem 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
.state { border-left: .4rem solid var(--ok); background: var(--panel); padding: .75rem 1rem; font-size: 1.1rem; margin: 1rem 0; }
.state.bad { border-color: var(--bad); }
table { border-collapse: collapse; font-size: .9rem; }
td code, th code, th time, td time, .w { white-space: nowrap; }
caption { text-align: left; color: var(--faint); padding: .25rem 0; }
th, td { overflow-wrap: normal; text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; font-weight: 400; }
thead th { color: var(--faint); }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .25rem 1rem; margin: .5rem 0; }
dt { color: var(--faint); }
dd { margin: 0; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { background: var(--panel); padding: .5rem; overflow-x: auto; white-space: pre-wrap; }
.chart { width: 100%; min-width: 34rem; height: auto; display: block; }
.chart .tick { fill: var(--faint); font: 12px system-ui, sans-serif; }
.chart .grid { stroke: var(--line); stroke-width: .5; }
.bar.private { fill: var(--private); }
.bar.delete { fill: var(--delete); }
.key { display: inline-block; width: .8em; height: .8em; }
.key.private { background: var(--private); }
.key.delete { background: var(--delete); margin-left: 1em; }
.legend { margin: .25rem 0; color: var(--faint); font-size: .875rem; }
progress { width: 100%; max-width: 20rem; height: 1rem; accent-color: var(--link); }
footer { border-top: 1px solid var(--line); margin-top: 2rem; color: var(--faint); font-size: .875rem; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
@media (prefers-reduced-motion: reduce) { * { transition: none; scroll-behavior: auto; } }
@media print { header form, .skip, footer { display: none; } body { max-width: none; } .scroll { overflow: visible; } a { color: inherit; } }
`;

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0b57a4"/><path d="M4 5h8M5 5l.7 8h4.6L11 5M7 3h2" stroke="#fff" fill="none"/></svg>\n`;

export function styleAnswer(): Answer {
  return { status: 200, type: "text/css; charset=utf-8", body: STYLE, maxAgeS: 3_600 };
}

export function iconAnswer(): Answer {
  return { status: 200, type: "image/svg+xml", body: ICON, maxAgeS: 86_400 };
}
