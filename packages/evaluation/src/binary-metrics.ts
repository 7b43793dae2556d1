// A score against a yes or no: the best thresholds and what they reach, and the average precision without any threshold.

export interface BinaryScores {
  readonly accuracy: number;
  readonly accuracy_threshold: number;
  readonly f1: number;
  readonly f1_threshold: number;
  readonly precision: number;
  readonly recall: number;
  readonly ap: number;
  readonly mcc: number;
}

interface Labelled {
  readonly score: number;
  readonly positive: boolean;
}

/**
 * Thresholds chosen on the data itself, as sentence-transformers' BinaryClassificationEvaluator does: stable order by score, a cut between any
 * two neighbours (never after the last), the first best one kept; `mcc` at the F1 threshold. Labels above 0 are positive; higher scores are
 * positive unless `lowerIsPositive`, as for distances.
 */
export function binaryMetrics(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  { lowerIsPositive = false }: { lowerIsPositive?: boolean } = {},
): BinaryScores {
  const sign = lowerIsPositive ? -1 : 1;
  const sorted = Array.from(scores, (score, i): Labelled => ({ score, positive: labels[i] > 0 })).sort(
    (a, b) => sign * (b.score - a.score),
  );
  const f1 = bestF1(sorted);
  return { ...bestAccuracy(sorted), ...f1, ap: averagePrecision(sorted), mcc: correlationAt(sorted, f1.f1_threshold, sign) };
}

const midpoint = (sorted: readonly Labelled[], i: number): number => (sorted[i].score + sorted[i + 1].score) / 2;

function bestAccuracy(sorted: readonly Labelled[]): Pick<BinaryScores, "accuracy" | "accuracy_threshold"> {
  let best = { accuracy: 0, accuracy_threshold: -1 };
  let right = sorted.filter(({ positive }) => !positive).length; // nothing is called positive yet
  for (let i = 0; i < sorted.length - 1; i++) {
    right += sorted[i].positive ? 1 : -1;
    const accuracy = right / sorted.length;
    if (accuracy > best.accuracy) best = { accuracy, accuracy_threshold: midpoint(sorted, i) };
  }
  return best;
}

function bestF1(sorted: readonly Labelled[]): Pick<BinaryScores, "f1" | "f1_threshold" | "precision" | "recall"> {
  let best = { f1: 0, f1_threshold: 0, precision: 0, recall: 0 };
  const positives = sorted.filter(({ positive }) => positive).length;
  let hits = 0;
  for (let i = 0; i < sorted.length - 1; i++) {
    if (sorted[i].positive) hits++;
    if (hits === 0) continue;
    const [precision, recall] = [hits / (i + 1), hits / positives];
    const f1 = (2 * precision * recall) / (precision + recall);
    if (f1 > best.f1) best = { f1, f1_threshold: midpoint(sorted, i), precision, recall };
  }
  return best;
}

/** Σ (Rₙ - Rₙ₋₁) Pₙ over distinct scores, as sklearn's average_precision_score; 0 without positives. */
function averagePrecision(sorted: readonly Labelled[]): number {
  const positives = sorted.filter(({ positive }) => positive).length;
  let [sum, hits, before] = [0, 0, 0];
  sorted.forEach(({ score, positive }, i) => {
    if (positive) hits++;
    if (sorted[i + 1]?.score === score) return; // tied scores are one step
    sum += ((hits - before) / Math.max(1, positives)) * (hits / (i + 1));
    before = hits;
  });
  return sum;
}

/** Matthews' correlation of the labels with what the threshold calls positive; 0 where a margin is empty. */
function correlationAt(sorted: readonly Labelled[], threshold: number, sign: number): number {
  let [tp, fp, fn, tn] = [0, 0, 0, 0];
  for (const { score, positive } of sorted) {
    const called = sign * score >= sign * threshold;
    if (called && positive) tp++;
    else if (called) fp++;
    else if (positive) fn++;
    else tn++;
  }
  const margins = Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));
  return margins === 0 ? 0 : (tp * tn - fp * fn) / margins;
}
