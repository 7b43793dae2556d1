// Rows with a teacher's scores as JSON lines that `attune train` and FlagEmbedding read.

import { textOf } from "@attune/data";
import type { Row } from "@attune/data";

/**
 * The line of a scored row: query, lists of texts and their scores; for a labelled pair its two texts, with the teacher's score in place of the
 * label, so that a pair that is no answer does not become one.
 */
export function scoredLine(row: Row): string {
  const { id, anchor, positives, negatives, prompt, type } = row;
  const [positiveScores, negativeScores] = [row.positiveScores ?? [], row.negativeScores ?? []].map((scores) => scores.map(rounded));
  const labelled = (row.label !== undefined || row.score !== undefined) && negatives.length === 0;
  const texts = labelled
    ? { sentence1: anchor, sentence2: textOf(positives[0]), score: positiveScores[0] }
    : { query: anchor, pos: positives.map(textOf), neg: negatives.map(textOf), pos_scores: positiveScores, neg_scores: negativeScores };
  return `${JSON.stringify({ id, ...texts, prompt, ...(labelled ? {} : { type }) })}\n`;
}

/** A 32-bit float with the digits that it has. */
function rounded(score: number): number {
  return Number(score.toPrecision(7));
}
