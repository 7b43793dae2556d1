// Golden cases of the losses that read labelled pairs, and of triplets: columns of vectors, options, labels, the loss and its gradients.

import { readGolden } from "./golden.ts";
import type { Known, Rows } from "./golden.ts";

export interface ColumnCase {
  readonly name: string;
  readonly params: Readonly<Record<string, string | number>>;
  /** The first column holds the anchors, the second the positives, further ones negatives. */
  readonly inputs: Readonly<Record<string, Rows>>;
  readonly labels?: readonly number[];
  readonly expected: { readonly loss: number; readonly grads: Readonly<Record<string, Rows>> };
}

/** Double and single precision, and how near each has to come. */
export const precisions = [
  { float: "f64", value: 1e-8, gradient: 1e-7 },
  { float: "f32", value: 1e-5, gradient: 1e-4 },
] as const;

/** All cases of a golden file. */
export function readColumnCases(name: string): readonly ColumnCase[] {
  return readGolden<{ cases: ColumnCase[] }>(`losses/${name}.json`).cases;
}

/** A case as `run` takes it, with the gradients in the same order. */
export function batchOf({ inputs, labels, expected }: ColumnCase) {
  const [first, ...others] = Object.keys(inputs);
  const rows = inputs[first].length;
  const candidates = others.flatMap((name) => inputs[name]);
  const known: Known = {
    targets: Int32Array.from({ length: rows }, (_, i) => i),
    groups: Int32Array.from(candidates, (_, j) => j % rows),
    ...(labels && { labels: Float32Array.from(labels) }),
  };
  const gradients = { anchor: expected.grads[first], candidates: others.flatMap((name) => expected.grads[name]) };
  return { anchor: inputs[first], candidates, known, gradients };
}
