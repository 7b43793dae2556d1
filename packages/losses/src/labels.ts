// Labels that a loss cannot mean are refused: a cosine never reaches 4, so training towards it would only look like training.

import { lossInputError } from "./loss.ts";

interface Allowed {
  /** As a sentence says it: "0 or 1". */
  readonly expected: string;
  readonly allowed: (label: number) => boolean;
  readonly hint: string;
}

/** E_LOSS_INPUT for the first label that is not allowed; NaN never is. */
export function expectLabels(loss: string, labels: Float32Array, { expected, allowed, hint }: Allowed): void {
  const row = labels.findIndex((label) => !allowed(label));
  if (row < 0) return;
  throw lossInputError(loss, { problem: "labels", expected, got: `${labels[row]} in row ${row + 1} of the batch`, hint });
}
