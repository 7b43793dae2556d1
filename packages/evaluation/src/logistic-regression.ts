// Logistic regression on embeddings: the probe that MTEB's classification tasks put on a model. f64, deterministic.

import { minimize } from "./lbfgs.ts";

export interface LogisticModel {
  /** [rows D], one row for two classes, else one for each. */
  readonly coefficients: Float64Array;
  /** [rows] */
  readonly intercepts: Float64Array;
  /** Log-odds of class 1 for two classes [N], else a score for each class [N classes]. */
  decide(x: Float32Array): Float64Array;
  /** The likeliest class of each row [N]. */
  predict(x: Float32Array): Int32Array;
}

export interface LogisticOptions {
  /** D */
  readonly dimension: number;
  readonly classes: number;
  /** Weight of the losses against ½‖coefficients‖²; intercepts are not penalised. */
  readonly c?: number;
  /** Rejects with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Fits x [N D] with classes y [N] in 0 … classes-1: ½‖W‖² + C Σ log loss, one logistic row for two classes, else the multinomial softmax.
 * Semantics of sklearn's LogisticRegression (L2, lbfgs), run to the optimum.
 */
export async function fitLogistic(
  x: Float32Array,
  y: ArrayLike<number>,
  { dimension, classes, c = 1, signal }: LogisticOptions,
): Promise<LogisticModel> {
  const rows = classes === 2 ? 1 : classes;
  const width = rows * dimension;
  const parameters = new Float64Array(width + rows); // coefficients, then intercepts
  const loss = rows === 1 ? binaryLoss : softmaxLoss;
  await minimize(
    (at, gradient) => {
      let value = 0;
      gradient.fill(0);
      for (let i = 0; i < width; i++) {
        value += (at[i] * at[i]) / 2;
        gradient[i] = at[i];
      }
      const scores = new Float64Array(rows);
      const errors = new Float64Array(rows);
      for (let n = 0; n < y.length; n++) {
        const row = x.subarray(n * dimension, (n + 1) * dimension);
        decideRow(at, row, scores);
        value += c * loss(scores, y[n], errors);
        for (let r = 0; r < rows; r++) {
          for (let d = 0; d < dimension; d++) gradient[r * dimension + d] += c * errors[r] * row[d];
          gradient[width + r] += c * errors[r];
        }
      }
      return value;
    },
    parameters,
    { signal },
  );
  const decide = (rowsOf: Float32Array): Float64Array => {
    const scores = new Float64Array((rowsOf.length / dimension) * rows);
    for (let n = 0; n < scores.length / rows; n++)
      decideRow(parameters, rowsOf.subarray(n * dimension, (n + 1) * dimension), scores.subarray(n * rows, (n + 1) * rows));
    return scores;
  };
  return {
    coefficients: parameters.subarray(0, width),
    intercepts: parameters.subarray(width),
    decide,
    predict: (rowsOf) => likeliest(decide(rowsOf), rows),
  };
}

/** score[r] = W[r] · row + b[r] */
function decideRow(parameters: Float64Array, row: Float32Array, scores: Float64Array): void {
  const width = scores.length * row.length;
  for (let r = 0; r < scores.length; r++) {
    let sum = parameters[width + r];
    for (let d = 0; d < row.length; d++) sum += parameters[r * row.length + d] * row[d];
    scores[r] = sum;
  }
}

/** log(1 + exp(∓score)); the error is σ(score) - y. */
function binaryLoss([score]: Float64Array, label: number, errors: Float64Array): number {
  errors[0] = 1 / (1 + Math.exp(-score)) - label;
  const signed = label === 1 ? score : -score;
  return signed > 0 ? Math.log1p(Math.exp(-signed)) : Math.log1p(Math.exp(signed)) - signed;
}

/** −log softmax(scores)[label]; the error is softmax(scores) − onehot(label). */
function softmaxLoss(scores: Float64Array, label: number, errors: Float64Array): number {
  const most = Math.max(...scores);
  let sum = 0;
  for (let r = 0; r < scores.length; r++) sum += errors[r] = Math.exp(scores[r] - most);
  for (let r = 0; r < scores.length; r++) errors[r] /= sum;
  errors[label] -= 1;
  return Math.log(sum) + most - scores[label];
}

function likeliest(scores: Float64Array, rows: number): Int32Array {
  if (rows === 1) return Int32Array.from(scores, (score) => (score > 0 ? 1 : 0));
  return Int32Array.from({ length: scores.length / rows }, (_, n) => {
    const row = scores.subarray(n * rows, (n + 1) * rows);
    return row.indexOf(Math.max(...row));
  });
}
