// An id names a document inside of its data set alone: "17" of another set is another document. All sets but the first one that has ids mark theirs.

import type { Row, Text } from "./row.ts";

/** Gives a function that marks the ids of rows with their data set, for rows that come in order, set by set; the same rows are marked alike each time. */
export function markSources(): (row: Row, source: number) => Row {
  let first: number | undefined;
  return (row, source) => {
    if (!row.positives.some(hasId) && !row.negatives.some(hasId)) return row;
    first ??= source;
    if (source === first) return row;
    const marked = (text: Text): Text => (typeof text === "string" ? text : { ...text, source });
    return { ...row, positives: row.positives.map(marked), negatives: row.negatives.map(marked) };
  };
}

function hasId(text: Text): boolean {
  return typeof text !== "string";
}
