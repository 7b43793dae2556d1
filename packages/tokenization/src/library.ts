// The parts of @huggingface/tokenizers that are used, with their types: the package's own type files import each other without file endings,
// which TypeScript does not resolve for ES modules. Its stages are built by its sequences, because its factories are not exported.

import * as library from "@huggingface/tokenizers";
import { tokenizerError, type AddedToken, type Component } from "./contents.ts";
import { expectPatterns } from "./patterns.ts";

interface Library {
  readonly BPE: new (config: object) => { _call(words: string[]): string[] };
  readonly SequenceNormalizer: new (config: { readonly normalizers: readonly Component[] }) => { normalize(text: string): string };
  readonly SplitPreTokenizer: new (config: { readonly pattern: unknown }) => { readonly pattern: RegExp };
  readonly SequenceDecoder: new (config: { readonly decoders: readonly Component[] }) => LibraryDecoder & {
    readonly decoders: readonly LibraryDecoder[];
  };
}

interface LibraryDecoder {
  /** Read by the byte-level decoder, which must not take these for bytes. */
  added_tokens: readonly AddedToken[];
  /** Where it is a sequence. */
  readonly decoders?: readonly LibraryDecoder[];
  decode(tokens: string[]): string;
}

const { BPE, SequenceNormalizer, SplitPreTokenizer, SequenceDecoder } = library as unknown as Library;

/** Byte-pair encoding: words to tokens. */
export function createLibraryBpe(config: object): InstanceType<Library["BPE"]> {
  return new BPE(config);
}

/** A normaliser of any type that the library knows. */
export function createLibraryNormalizer(config: Component): (text: string) => string {
  const stage = new SequenceNormalizer({ normalizers: [config] });
  return (text) => stage.normalize(text);
}

/**
 * The "pattern" of a stage, text or a regular expression of the Rust library (Oniguruma), as a global one of JavaScript. E_TOKENIZER where it cannot
 * be said in JavaScript or could take forever.
 */
export function createLibraryPattern(stage: string, pattern: unknown): RegExp {
  expectPatterns(stage, { pattern });
  try {
    return new SplitPreTokenizer({ pattern }).pattern;
  } catch (cause) {
    const problem = `the pattern ${JSON.stringify(pattern)} cannot be used here: ${(cause as Error).message}`;
    throw tokenizerError(stage, problem, "use another model", cause);
  }
}

/** A decoder of any type that the library knows. */
export function createLibraryDecoder(config: Component, addedTokens: readonly AddedToken[]): (tokens: string[]) => string {
  const stage = new SequenceDecoder({ decoders: [config] });
  const tell = (decoder: LibraryDecoder): void => {
    decoder.added_tokens = addedTokens;
    decoder.decoders?.forEach(tell);
  };
  tell(stage);
  return (tokens) => stage.decode(tokens);
}
