// Where the device's time went, as a table.

import type { Spent } from "@attune/tensor";
import { table } from "./table.ts";

/** Lines, the longest work first, with its share of all of it. */
export function profileTable(spent: readonly Spent[]): string[] {
  const total = spent.reduce((sum, { seconds }) => sum + seconds, 0);
  if (total === 0) return ["  this device keeps no profile"];
  const rows = [...spent]
    .sort((a, b) => b.seconds - a.seconds)
    .map(({ work, calls, seconds }) => [
      work,
      String(calls),
      seconds.toFixed(3),
      `${((100 * seconds) / total).toFixed(1)} %`,
      ((seconds / calls) * 1e6).toFixed(0),
    ]);
  return ["", ...table([["device time", "calls", "seconds", "share", "µs each"], ...rows, ["together", "", total.toFixed(3)]])];
}
