// Predicted classes against true ones.

export interface ClassScores {
  readonly accuracy: number;
  readonly f1_macro: number;
  readonly f1: number;
  readonly precision: number;
  readonly recall: number;
}

/**
 * Accuracy, F1 as the plain mean over classes, and precision, recall and F1 weighted by how often a class is true. Semantics of sklearn's
 * precision_recall_fscore_support with zero_division 0; classes are all that are true or predicted.
 */
export function weightedScores(truth: ArrayLike<number>, predicted: ArrayLike<number>): ClassScores {
  const counts = new Map<number, { right: number; predicted: number; true: number }>();
  const of = (label: number) => counts.get(label) ?? counts.set(label, { right: 0, predicted: 0, true: 0 }).get(label)!;
  let right = 0;
  for (let i = 0; i < truth.length; i++) {
    of(truth[i]).true++;
    of(predicted[i]).predicted++;
    if (truth[i] !== predicted[i]) continue;
    of(truth[i]).right++;
    right++;
  }
  const sums = { f1_macro: 0, f1: 0, precision: 0, recall: 0 };
  for (const count of counts.values()) {
    const precision = count.predicted === 0 ? 0 : count.right / count.predicted;
    const recall = count.true === 0 ? 0 : count.right / count.true;
    const f1 = count.right === 0 ? 0 : (2 * precision * recall) / (precision + recall);
    const weight = count.true / truth.length;
    sums.f1_macro += f1 / counts.size;
    sums.f1 += weight * f1;
    sums.precision += weight * precision;
    sums.recall += weight * recall;
  }
  return { accuracy: right / truth.length, ...sums };
}
