// The two kinds of tokenizers that are trained, around their vocabularies: BERT's WordPiece and RoBERTa's byte-level BPE.

import type { AddedToken, TokenizerDefinition, TokenizerSettings } from "../contents.ts";
import { alphabetOf, byteAlphabet, continuationsIn } from "./alphabet.ts";
import type { Learnt } from "./learn-merges.ts";
import type { CompleteTrainTokenizerOptions } from "./options.ts";

/** A kind of tokenizer: what is fixed before its vocabulary is known, and what it is with one. */
export interface TokenizerFamily {
  readonly normalizer: TokenizerDefinition["normalizer"];
  readonly preTokenizer: NonNullable<TokenizerDefinition["pre_tokenizer"]>;
  /** In the order of their ids. */
  readonly specialTokens: readonly string[];
  /** Written before a token that does not begin a word. */
  readonly prefix: string;
  /** Longer words are never cut, so nothing is learnt from them; in characters. */
  readonly longestWord: number;
  /** The tokens to begin with, after the special ones. */
  alphabet(words: ReadonlyMap<string, number>): string[];
  /** Its own stages of tokenizer.json, and settings. */
  complete(learnt: Learnt): Pick<TokenizerDefinition, "model" | "post_processor" | "decoder"> & { settings: TokenizerSettings };
}

const ALPHABET = 1000;

/** BERT: cleaned text, words at white space and punctuation, "##" before what does not begin a word. */
export function bertFamily(options: CompleteTrainTokenizerOptions): TokenizerFamily {
  const { lowercase = true, stripAccents, splitChinese = true, alphabet: limit = ALPHABET, specialTokens: more } = options;
  const [pad, unk, cls, sep, mask] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
  const longestWord = 100;
  const flags = { strip_accents: stripAccents ?? null, lowercase };
  return {
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: splitChinese, ...flags },
    preTokenizer: { type: "BertPreTokenizer" },
    specialTokens: [...new Set([pad, unk, cls, sep, mask, ...more])],
    prefix: "##",
    longestWord,
    alphabet(words) {
      const characters = alphabetOf(words, limit);
      return [...characters, ...continuationsIn(words, characters).map((character) => `##${character}`)];
    },
    complete({ tokens }) {
      const vocab = vocabularyOf(tokens);
      const part = (id: string, type_id: number) => ({ SpecialToken: { id, type_id } });
      const text = (id: "A" | "B", type_id: number) => ({ Sequence: { id, type_id } });
      const single = [part(cls, 0), text("A", 0), part(sep, 0)];
      const special_tokens = Object.fromEntries([cls, sep].map((id) => [id, { id, ids: [vocab[id]], tokens: [id] }]));
      return {
        model: { type: "WordPiece", unk_token: unk, continuing_subword_prefix: "##", max_input_chars_per_word: longestWord, vocab },
        post_processor: { type: "TemplateProcessing", single, pair: [...single, text("B", 1), part(sep, 1)], special_tokens },
        decoder: { type: "WordPiece", prefix: "##", cleanup: true },
        settings: {
          tokenizer_class: "BertTokenizer",
          do_lower_case: lowercase,
          strip_accents: stripAccents ?? null,
          tokenize_chinese_chars: splitChinese,
          ...{ pad_token: pad, unk_token: unk, cls_token: cls, sep_token: sep, mask_token: mask },
          ...(more.length > 0 && { additional_special_tokens: [...more] }),
        },
      };
    },
  };
}

/** RoBERTa: bytes as characters, a space is part of the word behind it; nothing is ever unknown. */
export function robertaFamily({ lowercase = false, stripAccents, specialTokens: more }: CompleteTrainTokenizerOptions): TokenizerFamily {
  const [bos, pad, eos, unk, mask] = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];
  const accents = (stripAccents ?? lowercase) ? [{ type: "NFD" }, { type: "StripAccents" }] : [];
  const normalizers = [...accents, ...(lowercase ? [{ type: "Lowercase" }] : [])];
  return {
    normalizer: normalizers.length > 0 ? { type: "Sequence", normalizers } : null,
    preTokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    specialTokens: [...new Set([bos, pad, eos, unk, mask, ...more])],
    prefix: "",
    longestWord: Infinity,
    alphabet: byteAlphabet,
    complete({ tokens, merges }) {
      const vocab = vocabularyOf(tokens);
      return {
        model: {
          type: "BPE",
          dropout: null,
          unk_token: null,
          continuing_subword_prefix: "",
          end_of_word_suffix: "",
          fuse_unk: false,
          byte_fallback: false,
          vocab,
          merges: merges.map((pair) => pair.join(" ")),
        },
        post_processor: {
          type: "RobertaProcessing",
          sep: [eos, vocab[eos]],
          cls: [bos, vocab[bos]],
          trim_offsets: true,
          add_prefix_space: false,
        },
        decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
        settings: {
          tokenizer_class: "RobertaTokenizer",
          ...{ bos_token: bos, eos_token: eos, cls_token: bos, sep_token: eos, pad_token: pad, unk_token: unk, mask_token: mask },
          ...(more.length > 0 && { additional_special_tokens: [...more] }),
        },
      };
    },
  };
}

function vocabularyOf(tokens: readonly string[]): Record<string, number> {
  return Object.fromEntries(tokens.map((token, id) => [token, id]));
}

/** Special tokens as tokenizer.json lists them; RoBERTa's mask takes the space before it along. */
export function addedTokens(specialTokens: readonly string[]): AddedToken[] {
  return specialTokens.map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: content === "<mask>",
    rstrip: false,
    normalized: false,
    special: true,
  }));
}
