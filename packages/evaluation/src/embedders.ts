// Embedders made from another one: vectors remembered, or cut to their first dimensions.

import { AttuneError } from "@attune/core";
import type { TextEmbedder } from "./evaluator.ts";

/** Encodes every text and side once, and remembers its vector. */
export function remembering(embedder: TextEmbedder): TextEmbedder {
  const { dimension } = embedder;
  const known = new Map<string, Float32Array>();
  return {
    dimension,
    async encode(texts, side) {
      const keyOf = (text: string): string => `${side ?? ""}\n${text}`;
      const fresh = [...new Set(texts)].filter((text) => !known.has(keyOf(text)));
      if (fresh.length > 0) {
        const vectors = await embedder.encode(fresh, side);
        fresh.forEach((text, i) => known.set(keyOf(text), vectors.subarray(i * dimension, (i + 1) * dimension)));
      }
      const all = new Float32Array(texts.length * dimension);
      texts.forEach((text, i) => all.set(known.get(keyOf(text))!, i * dimension));
      return all;
    },
  };
}

/** The first `dimension` numbers of each vector, as they are. E_OPTION when the embedder has fewer. */
export function truncated(embedder: TextEmbedder, dimension: number): TextEmbedder {
  const width = embedder.dimension;
  if (dimension > width) {
    const got = `a dimension of ${dimension}`;
    throw new AttuneError({ code: "E_OPTION", place: "dims", expected: `at most the model's ${width} dimensions`, got });
  }
  return {
    dimension,
    async encode(texts, side) {
      const vectors = await embedder.encode(texts, side);
      return Float32Array.from({ length: texts.length * dimension }, (_, i) => {
        const row = Math.floor(i / dimension);
        return vectors[row * width + (i - row * dimension)];
      });
    },
  };
}
