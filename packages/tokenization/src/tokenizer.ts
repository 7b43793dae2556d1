// Text to token ids and back, equal to the Rust library behind Python's `tokenizers`: added tokens, normaliser, pre-tokenizer, model, truncation, special tokens.
// Never pads and never makes tensors; batches are packed by `packTexts`.

import { AttuneError, show } from "@attune/core";
import { createSplitter } from "./added-tokens.ts";
import type { TokenizerContents, TokenizerDefinition, TokenizerSettings } from "./contents.ts";
import { tokenizerError } from "./contents.ts";
import { createDecoder } from "./decoder.ts";
import { createLayout, specialCount, type LayoutPart } from "./layout.ts";
import { createNormalizer } from "./normalizer.ts";
import { withSettings } from "./normalizer-settings.ts";
import { createPreTokenizer } from "./pre-tokenizer.ts";
import { createSubwordModel } from "./subword-model.ts";
import { withWordCache } from "./word-cache.ts";
import { truncate, type TruncationDirection, type TruncationStrategy } from "./truncation.ts";

export interface EncodeOptions {
  /** The second text; an empty one is a second text too. */
  readonly pair?: string;
  /** Whether special tokens are added; default true. */
  readonly specialTokens?: boolean;
  /** Tokens at most, special ones included. */
  readonly maxLength?: number;
  /** Which text of a pair is cut; default "longest_first". */
  readonly strategy?: TruncationStrategy;
  /** Which end is cut off; default is what the folder says (`truncation_side`), else "right". */
  readonly direction?: TruncationDirection;
}

/** Token ids and, for each, which text it belongs to. */
export interface Encoding {
  readonly ids: number[];
  readonly typeIds: number[];
}

export interface Tokenizer {
  /** The folder's name. */
  readonly name: string;
  /** Tokens that it knows, added ones included. */
  readonly vocabularySize: number;
  /** Longest input of the model it was made for, special tokens included; undefined where the folder does not say. `encode` cuts only when asked to. */
  readonly modelMaxLength: number | undefined;
  /** Which end `encode` cuts off where it is not told. */
  readonly truncationSide: TruncationDirection;
  /** Whether the second text of a pair has another type than the first. */
  readonly usesTypeIds: boolean;
  readonly clsId: number | undefined;
  readonly sepId: number | undefined;
  readonly padId: number | undefined;
  readonly maskId: number | undefined;
  /** Ids that the settings name as special ([CLS], </s> …). */
  readonly specialIds: ReadonlySet<number>;
  /** What it was made from; plain data that a worker can make the same tokenizer of. */
  readonly contents: TokenizerContents;
  /**
   * Ids of a text or a pair. Lone surrogates count as U+FFFD. With a `maxLength` below the number of special tokens only the first of these stay.
   * E_TEXT for what is not a string, E_OPTION for a bad length, E_TRUNCATION where the strategy cannot make the texts fit.
   */
  encode(text: string, options?: EncodeOptions): Encoding;
  /** The text of ids, special tokens left out. */
  decode(ids: readonly number[]): string;
}

/** A tokenizer from its contents. `maxLength` replaces the folder's own `modelMaxLength`. E_TOKENIZER where a stage is broken or unknown. */
export function createTokenizer(contents: TokenizerContents, { maxLength }: { readonly maxLength?: number } = {}): Tokenizer {
  try {
    return build(contents, maxLength === undefined ? declaredLength(contents.settings) : checkedLength(maxLength));
  } catch (cause) {
    if (cause instanceof AttuneError) throw cause;
    throw tokenizerError(contents.name, `tokenizer.json cannot be used: ${(cause as Error).message}`, undefined, cause);
  }
}

function build(contents: TokenizerContents, modelMaxLength: number | undefined): Tokenizer {
  const { name, definition, settings } = contents;
  const model = withWordCache(createSubwordModel(definition.model));
  const layout = createLayout(definition.post_processor);
  const idOf = createIdLookup(definition, model.vocabulary);
  const idsOf = createTextEncoder(definition, settings, model);
  const inputs = settings.model_input_names;
  const truncationSide = settings.truncation_side ?? "right";
  return {
    name,
    vocabularySize: model.vocabulary.size + definition.added_tokens.filter(({ content }) => !model.vocabulary.has(content)).length,
    modelMaxLength,
    truncationSide,
    usesTypeIds: layout.givesTypeIds && layout.pair.some(({ typeId }) => typeId !== 0) && (inputs?.includes("token_type_ids") ?? true),
    clsId: idOf(settings.cls_token),
    sepId: idOf(settings.sep_token),
    padId: idOf(settings.pad_token),
    maskId: idOf(settings.mask_token),
    specialIds: namedSpecialIds(contents, idOf),
    contents,
    encode(text, { pair, specialTokens = true, maxLength, strategy = "longest_first", direction = truncationSide } = {}) {
      const parts = pair === undefined ? layout.single : layout.pair;
      checkTexts(text, pair);
      if (maxLength === undefined) return arrange(parts, encodeTexts(text, pair, Infinity, idsOf), specialTokens);
      const room = Math.max(0, checkedLength(maxLength) - (specialTokens ? specialCount(parts) : 0));
      const limit = strategy === "longest_first" && direction === "right" ? room : Infinity;
      const cut = truncate(encodeTexts(text, pair, limit, idsOf), { maxLength: room, strategy, direction });
      const { ids, typeIds } = arrange(parts, cut, specialTokens);
      return { ids: ids.slice(0, maxLength), typeIds: typeIds.slice(0, maxLength) };
    },
    decode: createDecoder(definition, model.vocabulary),
  };
}

type TextEncode = (text: string, limit: number) => number[];

/** The ids of one text without special tokens; stops soon after `limit` of them. */
function createTextEncoder(
  definition: TokenizerDefinition,
  settings: TokenizerSettings,
  model: ReturnType<typeof createSubwordModel>,
): TextEncode {
  const split = createSplitter(definition.added_tokens, createNormalizer(withSettings(definition.normalizer, settings)));
  const words = createPreTokenizer(definition.pre_tokenizer);
  return (text, limit) => {
    const ids: number[] = [];
    for (const piece of split(text.toWellFormed())) {
      if (ids.length > limit) break;
      if (piece.id !== undefined) {
        ids.push(piece.id);
        continue;
      }
      for (const word of words(piece.text, piece.first)) {
        model.encode(word, ids);
        if (ids.length > limit) break;
      }
    }
    return ids;
  };
}

function checkTexts(text: unknown, pair: unknown): void {
  if (typeof text === "string" && (pair === undefined || typeof pair === "string")) return;
  throw new AttuneError({ code: "E_TEXT", expected: "a string", got: show(typeof text === "string" ? pair : text) });
}

/** Ids of both texts; of the last one not many more than can matter: `limit` of them, in a pair more than the first text has, which decides how they are balanced. */
function encodeTexts(text: string, pair: string | undefined, limit: number, idsOf: TextEncode): [number[]] | [number[], number[]] {
  if (pair === undefined) return [idsOf(text, limit)];
  const first = idsOf(text, Infinity);
  return [first, idsOf(pair, Math.max(limit, first.length))];
}

function arrange(parts: readonly LayoutPart[], sequences: readonly (readonly number[])[], specialTokens: boolean): Encoding {
  const ids: number[] = [];
  const typeIds: number[] = [];
  for (const part of parts) {
    const own = "text" in part ? sequences[part.text] : specialTokens ? part.ids : [];
    for (const id of own) {
      ids.push(id);
      typeIds.push(part.typeId);
    }
  }
  return { ids, typeIds };
}

function createIdLookup(definition: TokenizerDefinition, vocabulary: ReadonlyMap<string, number>) {
  const added = new Map(definition.added_tokens.map(({ content, id }) => [content, id]));
  return (token: string | null | undefined): number | undefined => (token ? (added.get(token) ?? vocabulary.get(token)) : undefined);
}

/** As transformers' `all_special_ids`; without settings, the added tokens that are marked special. */
function namedSpecialIds({ definition, settings }: TokenizerContents, idOf: ReturnType<typeof createIdLookup>): Set<number> {
  const { cls_token, sep_token, pad_token, mask_token, unk_token, bos_token, eos_token, additional_special_tokens } = settings;
  const named = [cls_token, sep_token, pad_token, mask_token, unk_token, bos_token, eos_token, ...(additional_special_tokens ?? [])];
  const ids = named.map(idOf).filter((id) => id !== undefined);
  return new Set(ids.length > 0 ? ids : definition.added_tokens.filter(({ special }) => special).map(({ id }) => id));
}

/** Transformers writes 1e30 where a model has no limit. */
function declaredLength({ model_max_length }: TokenizerSettings): number | undefined {
  return model_max_length && Number.isSafeInteger(model_max_length) ? model_max_length : undefined;
}

function checkedLength(maxLength: number): number {
  if (Number.isSafeInteger(maxLength) && maxLength >= 0) return maxLength;
  throw new AttuneError({ code: "E_OPTION", place: "maxLength", expected: "a number of tokens", got: String(maxLength) });
}
