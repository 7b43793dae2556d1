// A series as one short line of bars.

const BARS = "▁▂▃▄▅▆▇█";

/** Means of `width` equal stretches of the series, lowest value lowest bar. */
export function sparkline(values: readonly number[], width: number): string {
  const finite = values.filter(Number.isFinite);
  const cells = Math.min(width, finite.length);
  const means = Array.from({ length: cells }, (_, cell) => {
    const part = finite.slice(Math.floor((cell * finite.length) / cells), Math.floor(((cell + 1) * finite.length) / cells));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const [low, high] = [Math.min(...means), Math.max(...means)];
  const barOf = (value: number): string => BARS[high > low ? Math.round(((value - low) / (high - low)) * (BARS.length - 1)) : 0];
  return means.map(barOf).join("");
}

/** A bar of `width` cells filled to `done` of `total`. */
export function progressBar(done: number, total: number, width: number): string {
  const filled = total > 0 ? Math.round((width * done) / total) : 0;
  return `▕${"█".repeat(filled)}${" ".repeat(width - filled)}▏`;
}
