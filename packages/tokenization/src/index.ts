export { createBatcher } from "./batcher.ts";
export type { Batcher, BatcherOptions } from "./batcher.ts";
export type { AddedToken, Component, TokenizerContents, TokenizerDefinition, TokenizerSettings } from "./contents.ts";
export { loadTokenizer, readTokenizer } from "./load-tokenizer.ts";
export { buffersOf, packTexts } from "./pack.ts";
export type { PackOptions, TextInput, TokenBatch } from "./pack.ts";
export { createTokenizer } from "./tokenizer.ts";
export type { EncodeOptions, Encoding, Tokenizer } from "./tokenizer.ts";
export type { TruncationDirection, TruncationStrategy } from "./truncation.ts";
