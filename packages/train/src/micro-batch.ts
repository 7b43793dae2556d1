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

/** Collates and tokenises the examples of one batch, prompts in front by side. */
export function microBatchOf(model: EmbeddingModel, examples: readonly Example[]): MicroBatch {
  const { anchors, candidates, prompts, ...loss } = collate(examples);
  const prompted = prompts ? anchors.map((anchor, i) => `${prompts[i] ?? ""}${anchor}`) : anchors;
  const tokens = concatTokens([
    model.tokenize(prompted, model.promptFor("query")),
    model.tokenize(candidates, model.promptFor("document")),
  ]);
  return { tokens, anchors: anchors.length, candidates: candidates.length, loss };
}
