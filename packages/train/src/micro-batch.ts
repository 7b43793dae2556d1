// From examples to what the model and the loss read: token ids on one side, indices and masks on the other.

import { collate } from "@attune/data";
import type { Example } from "@attune/data";
import type { EmbeddingModel } from "@attune/embedding";
import type { LossBatch } from "@attune/losses";
import { concatTokens } from "@attune/tensor";
import type { PackedTokens } from "@attune/tensor";

export interface MicroBatch {
  /** Anchors, then candidates: one packed forward pass for both sides. */
  readonly tokens: PackedTokens;
  /** B */
  readonly anchors: number;
  /** M */
  readonly candidates: number;
  readonly loss: Omit<LossBatch, "anchor" | "candidates">;
}

/** Collates and tokenises the examples of one batch, prompts in front: an example's own takes the place of the model's prompt for queries. */
export function microBatchOf(model: EmbeddingModel, examples: readonly Example[]): MicroBatch {
  const { anchors, candidates, prompts, ...loss } = collate(examples);
  const prompt = model.promptFor("query");
  const asked = prompts ? anchors.map((anchor, i) => model.tokenize([anchor], prompts[i] ?? prompt)) : [model.tokenize(anchors, prompt)];
  const tokens = concatTokens([...asked, model.tokenize(candidates, model.promptFor("document"))]);
  return { tokens, anchors: anchors.length, candidates: candidates.length, loss };
}
