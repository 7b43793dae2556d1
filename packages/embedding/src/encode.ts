// Many texts to vectors, in input order. How they are batched is in nn: like lengths together, the next batch enqueued while the device computes.

import { AttuneError, show } from "@attune/core";
import { batchesByLength, inferRows } from "@attune/nn";
import { slice } from "@attune/tensor";
import type { Engine } from "@attune/tensor";
import type { EmbeddingModel, Side } from "./model.ts";

/** How texts are encoded. */
export interface EncodeOptions {
  /** Chooses the model's prompt for it. */
  readonly side?: Side;
  /** Overrides the side's prompt; "" for none. */
  readonly prompt?: string;
  /** Tokens in a batch; bounds the memory. */
  readonly batchTokens?: number;
  /** What activations are kept in; as the engine's models do at the time when left out. */
  readonly compute?: Engine["compute"];
  /** Stops between batches, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told after each batch, in texts; `tokens` is how many were computed so far, the batches that still run included. */
  onProgress?(done: number, total: number, tokens: number): void;
}

/** Embeddings of `texts`, [N D] in input order. A text's vector does not depend on the others. E_TEXT for what is no list of texts. */
export async function encode(model: EmbeddingModel, texts: readonly string[], options: EncodeOptions = {}): Promise<Float32Array> {
  expectTexts(texts);
  const { engine, dimension } = model;
  const prompt = options.prompt ?? model.promptFor(options.side);
  const batches = batchesByLength(texts.length, (start, end) => model.tokenize(texts.slice(start, end), prompt), options.batchTokens);
  let computed = 0;
  return inferRows(engine, batches, {
    ...options,
    onProgress: (done, total) => options.onProgress?.(done, total, computed),
    rows: texts.length,
    width: dimension,
    forward(tokens) {
      computed += tokens.ids.length;
      const whole = engine.computing(options.compute ?? engine.compute, () => model.forward(tokens)); // [B D]
      return whole.shape[1] === dimension ? whole : slice(whole, { axis: 1, start: 0, end: dimension });
    },
  });
}

/** Here, where all are seen: those that are tokenised at a time would be counted from their own first. */
function expectTexts(texts: unknown): void {
  if (!Array.isArray(texts)) throw new AttuneError({ code: "E_TEXT", place: "encode", expected: "a list of texts", got: show(texts) });
  const bad = texts.findIndex((text) => typeof text !== "string");
  if (bad >= 0) throw new AttuneError({ code: "E_TEXT", place: `text ${bad}`, expected: "a string", got: show(texts[bad]) });
}
