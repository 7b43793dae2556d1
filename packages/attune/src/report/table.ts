// Plain-text tables: the first column to the left, all others to the right, two spaces between.

/** Lines of a table, without a frame; `indent` spaces before each. Cells that are missing stay empty. */
export function table(rows: readonly (readonly string[])[], { indent = 2 }: { indent?: number } = {}): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) => Math.max(0, ...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) => {
    const cells = widths.map((width, column) => (column === 0 ? (row[0] ?? "").padEnd(width) : (row[column] ?? "").padStart(width)));
    return `${" ".repeat(indent)}${cells.join("  ")}`.trimEnd();
  });
}
