// How long the texts are, from a sample: whether the maximum length cuts much is worth knowing before hours of training.

import { textOf } from "@attune/data";
import type { Row } from "@attune/data";
import type { EmbeddingModel } from "@attune/embedding";

export interface TextLengths {
  /** Tokens, special ones included. */
  readonly median: number;
  /** Texts that fill the maximum length, so most likely cut. */
  readonly atLimit: number;
  readonly texts: number;
}

const SAMPLE = 256;

/** Lengths of anchors and of positives in a sample of rows, with the model's prompts. */
export function sampleLengths(model: EmbeddingModel, rows: readonly Row[]): { anchors: TextLengths; positives: TextLengths } {
  const stride = Math.max(1, Math.floor(rows.length / SAMPLE));
  const sample = rows.filter((_, i) => i % stride === 0).slice(0, SAMPLE);
  const lengths = (texts: string[], side: "query" | "document"): TextLengths => {
    const { cuSeqlens } = model.tokenize(texts, model.promptFor(side));
    const sorted = texts.map((_, i) => cuSeqlens[i + 1] - cuSeqlens[i]).sort((a, b) => a - b);
    return {
      median: sorted[sorted.length >> 1],
      atLimit: sorted.filter((length) => length >= model.parts.maxLength).length,
      texts: texts.length,
    };
  };
  return {
    anchors: lengths(
      sample.map(({ anchor }) => anchor),
      "query",
    ),
    positives: lengths(
      sample.map(({ positives }) => textOf(positives[0])),
      "document",
    ),
  };
}
