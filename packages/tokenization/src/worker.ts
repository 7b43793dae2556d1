// The module of the tokenising thread: it holds one tokenizer and packs batches. It knows nothing of threads; whoever starts it calls `handle`.

import type { TokenizerContents } from "./contents.ts";
import { buffersOf, packTexts, type PackOptions, type TextInput, type TokenBatch } from "./pack.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer.ts";

/** What the thread is asked: first to make its tokenizer, then for batches. */
export type WorkerRequest =
  | { readonly type: "load"; readonly contents: TokenizerContents }
  | { readonly type: "pack"; readonly texts: readonly TextInput[]; readonly options: PackOptions };

/** Nothing for "load", the batch for "pack". */
export type WorkerResponse = TokenBatch | undefined;

let tokenizer: Tokenizer | undefined;

/** Answers one request; a batch's buffers are handed over, not copied. Errors are those of `createTokenizer` and `packTexts`. */
export async function handle(request: unknown): Promise<{ response: WorkerResponse; transfer?: ArrayBufferLike[] }> {
  const asked = request as WorkerRequest;
  if (asked.type === "load") {
    tokenizer = createTokenizer(asked.contents);
    return { response: undefined };
  }
  if (!tokenizer) throw new Error("the tokenising thread was asked for a batch before it had a tokenizer");
  const batch = packTexts(tokenizer, asked.texts, asked.options);
  return { response: batch, transfer: buffersOf(batch) };
}
