// One optimiser step: forward and backward of each micro-batch, then the update. Only enqueues; nothing of it is read here.

import type { EmbeddingModel } from "@attune/embedding";
import type { Loss } from "@attune/losses";
import type { Training } from "@attune/nn";
import type { Optimizer, StepOptions } from "@attune/optim";
import { reshape, slice } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import type { MicroBatch } from "./micro-batch.ts";

export interface StepTensors {
  /** The loss of each micro-batch. The caller disposes. */
  readonly losses: readonly Tensor[];
  /** f32 [4], as `Optimizer.step` returns it. The caller disposes. */
  readonly control: Tensor;
}

export interface StepParts {
  readonly model: EmbeddingModel;
  /** Of each micro-batch. */
  readonly losses: readonly Loss[];
  readonly optimizer: Optimizer;
}

/** The gradient of the mean loss of all micro-batches, clipped and applied. `seed` and `step` choose the dropout masks. */
export function enqueueStep(
  { model, losses: lossesOf, optimizer }: StepParts,
  batches: readonly MicroBatch[],
  { seed, step, ...update }: Omit<StepOptions, "gradientScale"> & { seed: number; step: number },
): StepTensors {
  const { engine } = model;
  return engine.scope(() => {
    let row = 0; // of the whole batch, so that no two micro-batches draw the same masks
    const losses = batches.map((batch, i) => {
      const value = accumulateGradients(model, lossesOf[i], batch, { seed, step, row });
      row += batch.tokens.ids.length;
      return value;
    });
    return { losses, control: optimizer.step({ ...update, gradientScale: 1 / batches.length }) };
  });
}

/** Adds the gradient of one micro-batch to that of the parameters, and gives its loss. Must be called in a scope. */
export function accumulateGradients(model: EmbeddingModel, loss: Loss, batch: MicroBatch, training: Training): Tensor {
  const { engine } = model;
  return engine.scope(() => {
    const scalar = lossOf(model, loss, batch, training);
    engine.backward(scalar);
    return scalar;
  });
}

function lossOf(model: EmbeddingModel, loss: Loss, batch: MicroBatch, training: Training): Tensor {
  const embeddings = model.forward(batch.tokens, { training }); // [B+M D]
  const anchor = slice(embeddings, { axis: 0, start: 0, end: batch.anchors });
  const candidates = slice(embeddings, { axis: 0, start: batch.anchors, end: batch.anchors + batch.candidates });
  return reshape(
    model.engine.labelled(`loss/${loss.name}`, () => loss.compute({ anchor, candidates, ...batch.loss })),
    [],
  );
}
