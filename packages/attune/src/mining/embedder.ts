// An embedding model as mining and scoring use it: how texts become vectors, and how many have become so.

import { encode } from "@attune/embedding";
import type { EmbeddingModel } from "@attune/embedding";
import type { Embedder } from "@attune/mining";

export interface CountingEmbedder extends Embedder {
  /** Texts encoded so far. */
  readonly encoded: number;
}

export interface EmbedderSettings {
  readonly batchTokens: number;
  /** Told after each batch how many texts are encoded. */
  onProgress(encoded: number): void;
}

/** The embedder of a model. */
export function createEmbedder(model: EmbeddingModel, { batchTokens, onProgress }: EmbedderSettings): CountingEmbedder {
  let encoded = 0;
  return {
    dimension: model.dimension,
    get encoded() {
      return encoded;
    },
    async encode(texts, { side, prompt, signal }) {
      const before = encoded;
      const vectors = await encode(model, texts, {
        side,
        prompt,
        batchTokens,
        ...(signal && { signal }),
        onProgress: (done) => onProgress(before + done),
      });
      encoded = before + texts.length;
      return vectors;
    },
  };
}

/** The prompts of both sides: those given, else the model's own. */
export function promptsOf(
  model: EmbeddingModel,
  { queryPrompt, documentPrompt }: { queryPrompt?: string | undefined; documentPrompt?: string | undefined },
): { query: string; document: string } {
  return { query: queryPrompt ?? model.promptFor("query"), document: documentPrompt ?? model.promptFor("document") };
}
