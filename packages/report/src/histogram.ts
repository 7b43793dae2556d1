// Two overlaid histograms as inline SVG, so that they are there without a script and follow the page's colours.

import { HEIGHT, top } from "./bins.ts";
import { escape } from "./html.ts";
import type { TopScores } from "./report-data.ts";

/** Where the bins lie. */
export interface Scale {
  readonly low: number;
  readonly width: number;
}

const BINS = 40;

/** One scale for all of these, with ends on round numbers; undefined without a finite score. */
export function scaleOf(all: readonly TopScores[]): Scale | undefined {
  let [least, most] = [Infinity, -Infinity];
  for (const { right, wrong } of all) {
    for (const value of [...right, ...wrong].filter(Number.isFinite)) [least, most] = [Math.min(least, value), Math.max(most, value)];
  }
  if (least > most) return undefined;
  const unit = 10 ** Math.floor(Math.log10(most - least || 0.1));
  const low = Math.floor(least / unit) * unit;
  const high = Math.ceil(most / unit) * unit;
  return { low, width: ((high > low ? high : low + unit) - low) / BINS };
}

/** How many values fall into each bin; the last one holds its upper end too. */
export function countBins(values: readonly number[], { low, width }: Scale): number[] {
  const counts = Array.from({ length: BINS }, () => 0);
  for (const value of values.filter(Number.isFinite)) counts[Math.min(BINS - 1, Math.max(0, Math.floor((value - low) / width)))]++;
  return counts;
}

/** A figure with both histograms and its scale. */
export function histogram(title: string, { right, wrong }: TopScores, scale: Scale): string {
  const [rightCounts, wrongCounts] = [countBins(right, scale), countBins(wrong, scale)];
  const most = Math.max(...rightCounts, ...wrongCounts);
  const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => (scale.low + share * BINS * scale.width).toFixed(2).replace("-", "−"));
  const won = right.filter((value, i) => value > wrong[i]).length;
  return `<figure class="histogram"><figcaption>${escape(title)}<span>right answer first for ${won} of ${right.length} queries</span></figcaption>
<svg viewBox="0 0 ${BINS} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${escape(title)}: histogram of scores">${bars("wrong", wrongCounts, most)}${bars("right", rightCounts, most)}</svg>
<div class="ticks" aria-hidden="true">${marks.map((mark) => `<span>${mark}</span>`).join("")}</div></figure>`;
}

/** One shape for all bars, so that neighbours have no seam between them. */
function bars(name: string, counts: readonly number[], most: number): string {
  const steps = counts.map((count, bin) => `L${bin} ${top(count, most)}L${bin + 1} ${top(count, most)}`);
  return `<path class="${name}" vector-effect="non-scaling-stroke" d="M0 ${HEIGHT}${steps.join("")}L${BINS} ${HEIGHT}Z"/>`;
}
