// Rows as a table: for a terminal with aligned columns, for a pull request in Markdown.

/** Lines; the first row is the head. Columns beyond the first are aligned to the right where all their cells begin with a digit or sign. */
export function textTable(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const numeric = rows[0].map((_, column) => column > 0 && rows.slice(1).every((row) => /^([-+×]?\d|[-–]?$)/.test(row[column])));
  return rows.map((row) =>
    row
      .map((cell, column) => (numeric[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join("  ")
      .trimEnd(),
  );
}

/** The same in Markdown. */
export function markdownTable([head, ...rows]: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
