// A loss sees embeddings and what is known about them, never text or encoders; batching, GradCache and Matryoshka wrap it from outside.

import { AttuneError, definePlugin } from "@attune/core";
import type { Plugin } from "@attune/core";
import type { Parameter, Tensor } from "@attune/tensor";
import type { z } from "zod";
import { isInRange } from "./label-range.ts";
import type { LabelRange } from "./label-range.ts";

/** One batch as losses see it. Integers and masks are on the host, where they were made; embeddings on the device. */
export interface LossBatch {
  /** [B D] */
  readonly anchor: Tensor;
  /** [M D]: positives and negatives of all rows, in any order. */
  readonly candidates?: Tensor;
  /** [B]: index of each anchor's positive among the candidates. */
  readonly targets?: Int32Array;
  /** [M]: which anchor brought each candidate; rows may bring different numbers of negatives. */
  readonly groups?: Int32Array;
  /** [B M], 1 where a candidate must not count as a negative of a row (same document, same text). */
  readonly exclude?: Uint8Array;
  /** [B]: a score or class per row. */
  readonly labels?: Float32Array;
}

/** A field of the batch that a loss may need. */
export type LossNeed = Exclude<keyof LossBatch, "anchor">;

/**
 * What rows must bring for a loss to learn from them: without it its gradient is zero, and weight decay alone would change the model; or it
 * cannot be computed.
 */
export interface LossRequirements {
  /**
   * What tells a row's positive apart: `in-batch`, another row or a hard negative; `hard`, a hard negative of any row of the batch; `own`, a hard
   * negative of the row itself; `required`, the same, and a row without one is E_LOSS_INPUT.
   */
  readonly negatives?: "in-batch" | "hard" | "own" | "required";
  /** Labels of which some in the batch differ. */
  readonly labels?: "differing";
  /** Any others are E_LOSS_INPUT. */
  readonly labelRange?: LabelRange;
  /** A batch of more than one row. */
  readonly rows?: "several";
}

/** What training asks of a loss. */
export interface Loss {
  readonly name: string;
  readonly needs: readonly LossNeed[];
  /** Checked against all rows before the first step; nothing when left out. */
  readonly requires?: LossRequirements;
  /** The mean over the rows of the batch, a scalar. E_LOSS_INPUT when the batch lacks what the loss needs, or its parts do not fit together. */
  compute(batch: LossBatch): Tensor;
  /** Parameters of the loss's own (a classifier, a projection): trained, checkpointed and saved with the model. */
  parameters?(): readonly Parameter[];
}

/** A batch in which the needed fields are present. */
export type BatchWith<N extends LossNeed> = LossBatch & Required<Pick<LossBatch, N>>;

/** A loss as its author writes it. */
export interface LossDefinition<Schema extends z.core.$ZodType, N extends LossNeed> {
  readonly name: string;
  readonly summary: string;
  readonly options: Schema;
  /** Fields without which `compute` is never called. */
  readonly needs: readonly N[];
  /** What rows must bring under these options; nothing when left out. */
  requires?(options: z.output<Schema>): LossRequirements;
  compute(batch: BatchWith<N>, options: z.output<Schema>): Tensor;
}

/** A loss plugin from a formula. `compute` may count on every field in `needs`, and on indices and masks that fit the embeddings. */
export function defineLoss<Schema extends z.core.$ZodType, N extends LossNeed>(
  definition: LossDefinition<Schema, N>,
): Plugin<"loss", Schema> {
  const { name, summary, options, needs, requires, compute } = definition;
  return definePlugin({
    kind: "loss",
    name,
    summary,
    options,
    create(chosen): Loss {
      const required = requires?.(chosen);
      return {
        name,
        needs,
        ...(required && { requires: required }),
        compute(batch) {
          const missing = needs.find((need) => batch[need] === undefined);
          if (missing) throw lossInputError(name, { problem: `needs ${missing}, which this data does not have`, hint: hints[missing] });
          expectFitting(name, batch);
          if (batch.labels && required?.labelRange) expectInRange(name, batch.labels, required.labelRange);
          return compute(batch as BatchWith<N>, chosen);
        },
      };
    },
  });
}

/** What to do about a field that the data lacks; the others are made by collation, so only a caller can forget them. */
const hints: Partial<Record<LossNeed, string>> = { labels: 'give every row a "score" or a "label"' };

/** Indices and masks must be as many as the embeddings, and point into them. */
function expectFitting(loss: string, { anchor, candidates, targets, groups, exclude, labels }: LossBatch): void {
  const rows = anchor.shape[0];
  const columns = candidates?.shape[0] ?? 0;
  const lengths = {
    targets: [targets, rows],
    groups: [groups, columns],
    exclude: [exclude, rows * columns],
    labels: [labels, rows],
  } as const;
  for (const [field, [values, length]] of Object.entries(lengths)) {
    if (!values || values.length === length) continue;
    throw lossInputError(loss, {
      problem: field,
      expected: `${length} values for ${rows} anchors, ${columns} candidates`,
      got: `${values.length}`,
    });
  }
  expectIndices(loss, { problem: "targets", of: "candidates", indices: targets, count: columns });
  expectIndices(loss, { problem: "groups", of: "rows", indices: groups, count: rows });
}

function expectIndices(
  loss: string,
  { problem, of, indices, count }: { problem: string; of: string; indices: Int32Array | undefined; count: number },
): void {
  const outside = indices?.find((index) => !(index >= 0 && index < count));
  if (outside !== undefined) throw lossInputError(loss, { problem, expected: `${of} 0 to ${count - 1}`, got: `${outside}` });
}

function expectInRange(loss: string, labels: Float32Array, range: LabelRange): void {
  const row = labels.findIndex((label) => !isInRange(label, range));
  if (row < 0) return;
  const { expected, hint } = range;
  throw lossInputError(loss, { problem: "labels", expected, got: `${labels[row]} in row ${row + 1} of the batch`, hint });
}

/** The error of a batch that a loss cannot use, for `compute` to throw: E_LOSS_INPUT, placed at the loss. */
export function lossInputError(loss: string, details: { problem: string; expected?: string; got?: string; hint?: string }): AttuneError {
  return new AttuneError({ code: "E_LOSS_INPUT", place: `loss ${loss}`, ...details });
}

declare module "@attune/core" {
  interface PluginKinds {
    loss: Loss;
  }
}
