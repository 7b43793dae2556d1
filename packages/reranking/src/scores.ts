// From logits to scores, on the host: a few numbers per pair.

import type { ScoreActivation } from "@attune/formats";

type Activate = (logits: Float32Array) => Float32Array;

const each =
  (activate: (x: number) => number): Activate =>
  (logits) =>
    logits.map(activate);

/** Of one pair's logits [L]. */
const activations: Readonly<Record<ScoreActivation, Activate>> = {
  identity: (logits) => logits,
  sigmoid: each((x) => 1 / (1 + Math.exp(-x))),
  tanh: each(Math.tanh),
  relu: each((x) => Math.max(0, x)),
  softmax(logits) {
    const largest = Math.max(...logits);
    const powers = Array.from(logits, (x) => Math.exp(x - largest));
    const sum = powers.reduce((all, power) => all + power, 0);
    return Float32Array.from(powers, (power) => power / sum);
  },
};

/** Logits [N L] to scores [N L], pair by pair. */
export function activateScores(logits: Float32Array, labels: number, activation: ScoreActivation): Float32Array {
  const scores = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += labels) {
    scores.set(activations[activation](logits.subarray(start, start + labels)), start);
  }
  return scores;
}
