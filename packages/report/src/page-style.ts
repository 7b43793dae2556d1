// The style of the page: system fonts, colours as variables for light and dark, one column on a phone, black on white on paper.

export const pageStyle = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --text: #1c2128; --muted: #667180; --line: #e3e7ec;
  --blue: #2563eb; --orange: #d9730d; --green: #15803d; --purple: #7e3ff2; --red: #c62839; --grey: #64748b;
  --good: #15803d; --bad: #c62839; --warning: #fff6e0; --warning-line: #e7b447;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1318; --card: #171c23; --text: #e4e8ee; --muted: #93a0b0; --line: #2a323d;
    --blue: #6ea8ff; --orange: #f5a45c; --green: #57c785; --purple: #b794ff; --red: #ff7b86; --grey: #94a3b8;
    --good: #57c785; --bad: #ff7b86; --warning: #2b2414; --warning-line: #8a6a1f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; -webkit-text-size-adjust: 100%;
}
main { max-width: 960px; margin: 0 auto; padding: 28px 20px 48px; }
h1 { margin: 0; font-size: 26px; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 0 0 12px; font-size: 17px; }
h3 { margin: 16px 0 8px; font-size: 15px; }
h2 + h3 { margin-top: 0; }
.progress { margin: 12px 0 0; }
.progress progress { display: block; width: 100%; height: 8px; margin-bottom: 6px; accent-color: var(--blue); }
.connection { margin: 12px 0 0; color: var(--muted); font-size: 13px; }
.connection::before { content: ""; display: inline-block; width: 9px; height: 9px; margin-right: 7px; border-radius: 50%; background: var(--good); }
.connection.lost::before { background: var(--bad); }
.subtitle { margin: 4px 0 0; color: var(--muted); overflow-wrap: anywhere; }
section { margin-top: 20px; padding: 18px 20px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.note { margin: 8px 0 0; color: var(--muted); font-size: 13px; overflow-wrap: anywhere; }
h2 + .note { margin: -8px 0 12px; }
#warnings { background: var(--warning); border-color: var(--warning-line); }
#warnings ul { margin: 0; padding-left: 20px; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
:is(.scores, .facts) :is(th, td) { padding: 6px 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: 400; }
.facts tr:first-child > *, .scores thead > tr > * { border-top: 0; }
.scores { width: 100%; }
.scores :is(th, td) { padding-right: 18px; white-space: nowrap; }
.scores :is(td, thead th:not(:first-child)) { text-align: right; }
.scores :is(th, td):last-child { padding-right: 0; }
.scores thead th { color: var(--muted); font-size: 13px; }
.scores .primary > * { font-weight: 650; }
.better { color: var(--good); }
.worse { color: var(--bad); }
.gain { margin: 0 0 14px; font-size: 15px; }
.gain strong { display: block; font-size: 28px; line-height: 1.2; font-variant-numeric: tabular-nums; }
.facts { width: 100%; table-layout: fixed; font-size: 14px; }
.facts :is(th, td) { overflow-wrap: anywhere; }
.facts th { width: 190px; padding-right: 16px; color: var(--muted); }
.charts, .histograms { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px; }
figure { margin: 0; min-width: 0; }
figure.wide, figure:only-child { grid-column: 1 / -1; }
figcaption { margin-bottom: 4px; font-size: 14px; font-weight: 600; }
figcaption span { display: block; color: var(--muted); font-size: 13px; font-weight: 400; }
.uplot { font-family: inherit; }
.u-legend { font-size: 13px; text-align: left; }
.u-legend .u-series > * { padding: 2px 4px; }
.u-legend .u-series th { font-weight: 400; color: var(--muted); }
.u-legend.u-inline .u-series > * { vertical-align: middle; }
.u-legend.u-inline .u-series th::after { content: none; }
.u-legend .u-series:first-child .u-marker { display: none; }
.u-legend.u-inline .u-value { min-width: 3.4em; font-variant-numeric: tabular-nums; }
.u-select { background: color-mix(in srgb, var(--blue) 15%, transparent); }
.u-hz .u-cursor-x, .u-vt .u-cursor-y { border-color: var(--muted); }
.histogram svg { display: block; width: 100%; height: 150px; border-bottom: 1px solid var(--line); }
.histogram path { fill-opacity: .35; stroke-width: 1.5; }
.histogram .right { fill: var(--blue); stroke: var(--blue); }
.histogram .wrong { fill: var(--orange); stroke: var(--orange); }
.histogram .suspect { fill: var(--red); stroke: var(--red); fill-opacity: .6; }
.histogram .zero { stroke: var(--muted); stroke-dasharray: 3 3; }
.histogram rect { fill: transparent; }
.histogram rect:hover { fill: var(--muted); fill-opacity: .15; }
.marks { position: relative; height: 20px; margin-top: 3px; color: var(--muted); font-size: 12px; font-variant-numeric: tabular-nums; }
.marks span { position: absolute; transform: translateX(-50%); }
.marks span[style="left:0.00%"] { transform: none; }
.marks span[style="left:100.00%"] { transform: translateX(-100%); }
.key { margin: 0 0 12px; color: var(--muted); font-size: 13px; }
.key i { display: inline-block; width: 11px; height: 11px; margin: 0 5px 0 0; border-radius: 3px; }
.key i:not(:first-child) { margin-left: 16px; }
.key .right { background: var(--blue); }
.key .wrong { background: var(--orange); }
.key .suspect { background: var(--red); }
.key span { display: inline-block; margin-right: 16px; }
.share { display: flex; height: 12px; margin: 0 0 8px; overflow: hidden; border-radius: 6px; gap: 2px; }
.share i { min-width: 3px; }
:is(.share, .key) .full { background: var(--blue); }
:is(.share, .key) .some { background: var(--orange); }
:is(.share, .key) .none { background: var(--red); }
:is(.counts, .hubs) { width: 100%; font-size: 14px; }
:is(.counts, .hubs) :is(th, td) { padding: 4px 14px 4px 0; text-align: left; vertical-align: top; font-weight: 400; }
:is(.counts td:nth-child(2), .hubs :is(td, th):first-child) { width: 1%; text-align: right; white-space: nowrap; }
.counts th { width: 1%; color: var(--muted); white-space: nowrap; }
.counts td:last-child { padding-right: 0; vertical-align: middle; }
.counts td i { display: block; min-width: 1px; height: 10px; border-radius: 3px; background: var(--grey); opacity: .55; }
.hubs :is(th, td) { border-top: 1px solid var(--line); padding-block: 6px; overflow-wrap: anywhere; }
.hubs thead th { border-top: 0; color: var(--muted); font-size: 13px; }
.fate { color: var(--muted); white-space: nowrap; }
.fate::before { content: "→ "; }
.fate.taken { color: var(--bad); font-weight: 600; }
.answers { margin: 0; padding: 0; list-style: none; }
.answers > li { padding: 12px 0; border-top: 1px solid var(--line); }
.answers > li:first-child { padding-top: 0; border-top: 0; }
.answers > li:last-child { padding-bottom: 0; }
.answers p { margin: 0; overflow-wrap: anywhere; }
.answers .query { font-weight: 600; }
.answers dl { display: grid; grid-template-columns: 4.1em minmax(3.8em, max-content) minmax(0, 1fr); gap: 2px 8px; margin: 4px 0 0; font-size: 14px; }
.answers dt, .answers dd { margin: 0; }
.answers dt { color: var(--muted); }
.answers .first { color: var(--bad); font-weight: 600; }
.answers dd { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.answers dd:not(.text) { white-space: nowrap; }
details summary ~ * { margin-top: 10px; }
details summary { margin-top: 14px; color: var(--muted); font-size: 14px; cursor: pointer; }
footer { margin-top: 20px; color: var(--muted); font-size: 13px; }
@media (max-width: 640px) {
  main { padding: 18px 12px 32px; }
  h1 { font-size: 22px; }
  section { padding: 14px; border-radius: 8px; }
  .charts, .histograms { grid-template-columns: minmax(0, 1fr); }
  .facts th { width: 38%; }
  .scores { font-size: 14px; }
  .scores :is(th, td) { padding-right: 12px; }
  .answers dl { grid-template-columns: 4.1em minmax(0, 1fr); }
  .answers dd.text { grid-column: 1 / -1; margin-bottom: 6px; }
}
@media print { section { break-inside: avoid; } }
`;
