// The poolings in use. Semantics of sentence-transformers' Pooling; where its packed and its padded path disagree (cls behind a prompt that is
// left out), those of the padded one, which is what its users run. A text with nothing to pool gives zeros.

import { definePlugin } from "@attune/core";
import { segmentMax, segmentSum } from "@attune/tensor";
import type { DeviceTokens, Tensor } from "@attune/tensor";
import { z } from "zod";
import type { Pooling } from "./pooling.ts";
import { chooseRows, textRows } from "./spans.ts";
import type { Span } from "./spans.ts";

/** The hidden state of the first token. */
export const cls: Pooling = {
  name: "cls",
  pool: (hidden, tokens, { skipPrompt = false } = {}) =>
    pickOne(hidden, tokens, skipPrompt, ({ start, end }) => ({ start, end: Math.min(start + 1, end) })),
};

/** The hidden state of the last token. */
export const last: Pooling = {
  name: "last",
  pool: (hidden, tokens, { skipPrompt = false } = {}) =>
    pickOne(hidden, tokens, skipPrompt, ({ start, end }) => ({ start: Math.max(start, end - 1), end })),
};

/** The mean over a text's tokens. */
export const mean: Pooling = {
  name: "mean",
  pool(hidden, tokens, { skipPrompt = false } = {}) {
    const { rows, offsets } = textRows(hidden, tokens, skipPrompt); // [T' C]
    return segmentSum(rows, offsets, { norm: "mean" }); // [B C]
  },
};

/** The largest value of each component over a text's tokens. */
export const max: Pooling = {
  name: "max",
  pool(hidden, tokens, { skipPrompt = false } = {}) {
    const { rows, offsets } = textRows(hidden, tokens, skipPrompt); // [T' C]
    return segmentMax(rows, offsets); // [B C]
  },
};

const plugin = (pooling: Pooling, summary: string) =>
  definePlugin({ kind: "pooling", name: pooling.name, summary, options: z.strictObject({}), create: () => pooling });

/** The poolings as plugins, for a registry. */
export const poolingPlugins = [
  plugin(cls, "the first token's hidden state"),
  plugin(mean, "the mean of all tokens"),
  plugin(max, "the maximum of each component"),
  plugin(last, "the last token's hidden state"),
];

/** The one token that `narrow` leaves of each text, or zeros. */
function pickOne(hidden: Tensor, tokens: DeviceTokens, skipPrompt: boolean, narrow: (span: Span) => Span): Tensor {
  const { rows, offsets } = chooseRows(hidden, tokens, skipPrompt, narrow);
  return rows.shape[0] === tokens.texts ? rows : segmentSum(rows, offsets, { norm: "sum" }); // [B C]
}
