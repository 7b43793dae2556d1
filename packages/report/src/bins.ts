// Counts between edges as inline SVG, so that they are there without a script and follow the page's colours.

import { escape, whole } from "./html.ts";

/** Of a histogram, in its own units. */
const HEIGHT = 100;

/** Counts of one kind, of all bins. */
export interface BinSet {
  readonly label: string;
  /** A class of the style. */
  readonly tone: string;
  readonly counts: readonly number[];
}

export interface BinFigure {
  readonly title: string;
  readonly note: string;
  /** Rising, one more than there are bins. */
  readonly edges: readonly number[];
  /** Laid over each other, the last one in front. */
  readonly sets: readonly BinSet[];
  /** Whether each set fills the height, or all share one scale. */
  readonly ownHeights: boolean;
}

/** The figure with its scale below; a line marks zero where it lies inside, and each bin says what it holds when it is pointed at. */
export function binFigure({ title, note, edges, sets, ownHeights }: BinFigure): string {
  const bins = edges.length - 1;
  const highest = Math.max(1, ...sets.flatMap(({ counts }) => counts));
  const shapes = sets.map(({ tone, counts }) => outline(tone, counts, ownHeights ? Math.max(1, ...counts) : highest));
  const zero = edges.indexOf(0);
  const line = zero > 0 && zero < bins ? `<path class="zero" vector-effect="non-scaling-stroke" d="M${zero} 0V${HEIGHT}"/>` : "";
  return `<figure class="histogram"><figcaption>${escape(title)}<span>${escape(note)}</span></figcaption>
<svg viewBox="0 0 ${bins} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${escape(title)}: histogram">${shapes.join("")}${line}${fields(edges, sets).join("")}</svg>
<div class="marks" aria-hidden="true">${marks(edges).join("")}</div></figure>`;
}

/** One shape from the first bin with something in it to the last, so that neighbours have no seam between them. */
function outline(tone: string, counts: readonly number[], most: number): string {
  const first = counts.findIndex((count) => count > 0);
  if (first < 0) return "";
  const last = counts.findLastIndex((count) => count > 0);
  const steps = counts.slice(first, last + 1).map((count, i) => `L${first + i} ${top(count, most)}L${first + i + 1} ${top(count, most)}`);
  return `<path class="${tone}" vector-effect="non-scaling-stroke" d="M${first} ${HEIGHT}${steps.join("")}L${last + 1} ${HEIGHT}Z"/>`;
}

function fields(edges: readonly number[], sets: readonly BinSet[]): string[] {
  return edges.slice(1).map((to, bin) => {
    const held = sets.flatMap(({ label, counts }) => (counts[bin] > 0 ? [`${whole(counts[bin])} ${label}`] : []));
    const said = `${number(edges[bin])} to ${number(to)}: ${held.join(", ") || "none"}`;
    return `<rect x="${bin}" width="1" height="${HEIGHT}"><title>${escape(said)}</title></rect>`;
  });
}

/** At most seven numbers below the edges: multiples of 1, 2 or 5 times a power of ten, as the edges themselves are. */
function marks(edges: readonly number[]): string[] {
  const bins = edges.length - 1;
  const width = (edges[bins] - edges[0]) / bins;
  const every = [1, 2, 4, 5, 10, 20, 25, 50].find((one) => bins / one <= 6 && isRound(width * one)) ?? bins;
  const isMark = (edge: number): boolean => Math.abs(edge / (width * every) - Math.round(edge / (width * every))) < 1e-6;
  return edges.flatMap((edge, i) => (isMark(edge) ? [`<span style="left:${((100 * i) / bins).toFixed(2)}%">${number(edge)}</span>`] : []));
}

function isRound(size: number): boolean {
  return ["1", "2", "5"].includes(Number(size.toPrecision(6)).toExponential().split("e")[0]);
}

function number(edge: number): string {
  return String(edge).replace("-", "−");
}

/** Where a bar of `count` ends: its distance from the upper edge. */
function top(count: number, most: number): number {
  return Math.round(10 * (HEIGHT - (HEIGHT * 0.97 * count) / most)) / 10;
}
