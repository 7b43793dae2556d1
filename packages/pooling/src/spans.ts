// Which tokens of each text a pooling looks at: all of them, those behind the prompt, the first or the last of those. Decided on the host,
// where lengths are known.

import { gather } from "@attune/tensor";
import type { DeviceTokens, PackedTokens, Tensor } from "@attune/tensor";

/** Packed rows from `start` up to, not including, `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Hidden rows [T' C] of the tokens to pool, and where each text's begin, i32 [B+1]. */
export interface ChosenRows {
  readonly rows: Tensor;
  readonly offsets: Tensor;
}

/** The rows of each text's tokens, without the prompt's if it is skipped; nothing is copied where nothing is left out. */
export function textRows(hidden: Tensor, tokens: DeviceTokens, skipPrompt: boolean): ChosenRows {
  if (!skipPrompt || !tokens.host.promptLengths?.some((length) => length > 0)) return { rows: hidden, offsets: tokens.cuSeqlens };
  return chooseRows(hidden, tokens, skipPrompt, (span) => span);
}

/** The rows that `narrow` leaves of each text's span. */
export function chooseRows(hidden: Tensor, tokens: DeviceTokens, skipPrompt: boolean, narrow: (span: Span) => Span): ChosenRows {
  const kept: number[] = [];
  const offsets = new Int32Array(tokens.texts + 1);
  for (let i = 0; i < tokens.texts; i++) {
    const { start, end } = narrow(spanOf(tokens.host, i, skipPrompt));
    for (let t = start; t < end; t++) kept.push(t);
    offsets[i + 1] = kept.length;
  }
  const { engine } = hidden;
  return { rows: gather(hidden, engine.from(Int32Array.from(kept))), offsets: engine.from(offsets) };
}

function spanOf({ cuSeqlens, promptLengths }: PackedTokens, i: number, skipPrompt: boolean): Span {
  const end = cuSeqlens[i + 1];
  const skipped = skipPrompt ? (promptLengths?.[i] ?? 0) : 0;
  return { start: Math.min(cuSeqlens[i] + skipped, end), end };
}
