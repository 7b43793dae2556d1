// The "model" stage of tokenizer.json: words to token ids. WordPiece and Unigram are ours (exact, and several times faster); BPE is the library's.

import { z } from "zod";
import { checked, tokenizerError, type TokenizerDefinition } from "./contents.ts";
import { createLibraryBpe } from "./library.ts";
import { createUnigram } from "./unigram.ts";
import { createWordPiece } from "./wordpiece.ts";

/** Cuts one word at a time. */
export interface SubwordModel {
  /** Token -> id, without added tokens. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Appends the word's ids. */
  encode(word: string, ids: number[]): void;
}

type ModelConfig = TokenizerDefinition["model"];

/** The model that tokenizer.json describes; E_TOKENIZER where it is of an unknown type or incomplete. */
export function createSubwordModel(config: ModelConfig): SubwordModel {
  const type = typeOf(config);
  switch (type) {
    case "WordPiece":
      return createWordPiece(config, vocabularyOf(config));
    case "Unigram":
      return createUnigram(config);
    case "BPE":
      return createBpe(config, vocabularyOf(config));
    case "WordLevel":
      return createWordLevel(config, vocabularyOf(config));
    default:
      throw tokenizerError(
        "model",
        `the type ${JSON.stringify(type)} is not known: WordPiece, Unigram, BPE and WordLevel are`,
        "use another model",
      );
  }
}

/** Old files leave the type out. */
function typeOf(config: ModelConfig): string {
  return config.type ?? (Array.isArray(config.vocab) ? "Unigram" : "merges" in config ? "BPE" : "WordPiece");
}

function vocabularyOf(config: ModelConfig): Map<string, number> {
  const vocabulary = new Map<string, number>();
  const ids = config.vocab as Readonly<Record<string, number>>;
  for (const token of Object.keys(ids)) {
    const id = ids[token];
    if (!Number.isInteger(id) || id < 0)
      throw tokenizerError("model", `"vocab": expected an id for ${JSON.stringify(token)}, got ${String(id)}`);
    vocabulary.set(token, id);
  }
  return vocabulary;
}

function createWordLevel(config: ModelConfig, vocabulary: Map<string, number>): SubwordModel {
  const { unk_token } = checked("model", z.object({ unk_token: z.string() }), config);
  const unknown = vocabulary.get(unk_token);
  return {
    vocabulary,
    encode(word, ids) {
      const id = vocabulary.get(word) ?? unknown;
      if (id === undefined) throw tokenizerError("model", `"unk_token": ${JSON.stringify(unk_token)} is not in the vocabulary`);
      ids.push(id);
    },
  };
}

const bpeOptions = z.looseObject({
  merges: z.array(z.union([z.string(), z.array(z.string())])),
  dropout: z.literal(0, "merge dropout is not supported").nullish(),
  continuing_subword_prefix: z.literal("", "a prefix within words is not supported").nullish(),
  end_of_word_suffix: z.string().nullish(),
  unk_token: z.string().nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
});

function createBpe(config: ModelConfig, vocabulary: Map<string, number>): SubwordModel {
  const options = checked("model", bpeOptions, config);
  const { unk_token, ignore_merges } = options;
  const library = createLibraryBpe({ ...options, ignore_merges: false });
  const unknown = unk_token == null ? undefined : vocabulary.get(unk_token);
  const drops = unk_token == null && !options.byte_fallback && !options.end_of_word_suffix;
  return {
    vocabulary,
    encode(word, ids) {
      const whole = ignore_merges ? vocabulary.get(word) : undefined;
      if (whole !== undefined) {
        ids.push(whole);
        return;
      }
      for (const token of library._call([drops ? onlyKnown(word, vocabulary) : word])) {
        const id = vocabulary.get(token) ?? unknown;
        if (id === undefined) throw tokenizerError("model", `"unk_token": ${JSON.stringify(unk_token)} is not in the vocabulary`);
        ids.push(id);
      }
    },
  };
}

/** Without an unknown token, characters that nobody knows are gone before anything is merged, so their neighbours can be. */
function onlyKnown(word: string, vocabulary: ReadonlyMap<string, number>): string {
  const characters = Array.from(word);
  const known = characters.filter((character) => vocabulary.has(character));
  return known.length === characters.length ? word : known.join("");
}
