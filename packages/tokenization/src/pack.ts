// Many texts as one packed batch: token ids one after another, never padded.

import { AttuneError, show } from "@attune/core";
import type { Tokenizer } from "./tokenizer.ts";

/** A packed batch of B texts with T tokens in all. */
export interface TokenBatch {
  /** [T] */
  readonly ids: Int32Array<ArrayBuffer>;
  /** [T]: which text of a pair a token belongs to; absent where the tokenizer makes no difference. */
  readonly typeIds?: Int32Array<ArrayBuffer>;
  /** [B+1]: text i is tokens cuSeqlens[i] … cuSeqlens[i+1]-1. */
  readonly cuSeqlens: Int32Array<ArrayBuffer>;
  /** Tokens of the longest text. */
  readonly maxLength: number;
  /** [B]: leading tokens that belong to the prompt, the leading special token included. */
  readonly promptLengths?: Int32Array<ArrayBuffer>;
}

export interface PackOptions {
  /** Tokens of a text at most, special ones included; longer texts are cut on the tokenizer's `truncationSide`, of pairs the longer text first. */
  readonly maxLength: number;
  /** Put before every text as it is. */
  readonly prompt?: string;
}

/** A text, or a pair of texts that the model reads as one. */
export type TextInput = string | readonly [string, string];

/** The texts as one batch. E_TEXT names the first one that is neither a string nor a pair of strings. */
export function packTexts(tokenizer: Tokenizer, texts: readonly TextInput[], { maxLength, prompt = "" }: PackOptions): TokenBatch {
  const encodings = texts.map((input, i) => {
    const [text, pair] = partsOf(input, i);
    return tokenizer.encode(prompt + text, { pair, maxLength });
  });
  const cuSeqlens = new Int32Array(texts.length + 1);
  let longest = 0;
  encodings.forEach(({ ids }, i) => {
    cuSeqlens[i + 1] = cuSeqlens[i] + ids.length;
    longest = Math.max(longest, ids.length);
  });
  const ids = new Int32Array(cuSeqlens[texts.length]);
  encodings.forEach((encoding, i) => ids.set(encoding.ids, cuSeqlens[i]));
  return {
    ids,
    ...(tokenizer.usesTypeIds && { typeIds: packTypes(encodings, cuSeqlens) }),
    cuSeqlens,
    maxLength: longest,
    ...(prompt !== "" && { promptLengths: promptLengths(tokenizer, prompt, maxLength, cuSeqlens) }),
  };
}

/** The buffers of a batch, for a transfer between threads. */
export function buffersOf({ ids, typeIds, cuSeqlens, promptLengths }: TokenBatch): ArrayBuffer[] {
  return [ids, typeIds, cuSeqlens, promptLengths].filter((array) => array !== undefined).map((array) => array.buffer);
}

function partsOf(input: unknown, i: number): readonly [string, string?] {
  const parts: unknown = Array.isArray(input) && input.length === 2 ? input : [input];
  if ((parts as unknown[]).every((part) => typeof part === "string")) return parts as [string, string?];
  throw new AttuneError({ code: "E_TEXT", place: `text ${i}`, expected: "a string or a pair of strings", got: show(input) });
}

function packTypes(encodings: readonly { readonly typeIds: readonly number[] }[], cuSeqlens: Int32Array): Int32Array<ArrayBuffer> {
  const typeIds = new Int32Array(cuSeqlens[encodings.length]);
  encodings.forEach((encoding, i) => typeIds.set(encoding.typeIds, cuSeqlens[i]));
  return typeIds;
}

/** Counted as sentence-transformers does for `include_prompt`: the prompt alone, without its closing special token; at most the text. */
function promptLengths(tokenizer: Tokenizer, prompt: string, maxLength: number, cuSeqlens: Int32Array): Int32Array<ArrayBuffer> {
  const { ids } = tokenizer.encode(prompt, { maxLength });
  const length = ids.length > 0 && tokenizer.specialIds.has(ids[ids.length - 1]) ? ids.length - 1 : ids.length;
  return Int32Array.from({ length: cuSeqlens.length - 1 }, (_, i) => Math.min(length, cuSeqlens[i + 1] - cuSeqlens[i]));
}
