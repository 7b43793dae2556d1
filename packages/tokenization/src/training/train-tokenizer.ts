// A tokenizer from texts: words are counted, a vocabulary is learnt from them, and BERT's or RoBERTa's other stages are put around it.
// The same texts and options give the same bytes, on any machine.

import { AttuneError, createPace, parseOptions } from "@attune/core";
import type { Pace } from "@attune/core";
import type { TokenizerContents } from "../contents.ts";
import { createNormalizer } from "../normalizer.ts";
import { createPreTokenizer } from "../pre-tokenizer.ts";
import { createSubwordModel } from "../subword-model.ts";
import { characterCount } from "../unicode.ts";
import { addedTokens, bertFamily, robertaFamily } from "./families.ts";
import type { TokenizerFamily } from "./families.ts";
import { learnMerges } from "./learn-merges.ts";
import { trainTokenizerOptions } from "./options.ts";
import type { CompleteTrainTokenizerOptions, TrainTokenizerOptions } from "./options.ts";
import { countWords } from "./word-counts.ts";
import type { WordCounts } from "./word-counts.ts";

/** Told how far a training is, and able to stop it. */
export interface TrainTokenizerObserver {
  /** Stops the training, which then throws the signal's reason; looked at about ten times a second. */
  readonly signal?: AbortSignal;
  /** UTF-16 units of text read. */
  reading?(units: number): void;
  /** Tokens learnt. */
  learning?(tokens: number, words: number): void;
}

export interface TrainedTokenizer {
  readonly contents: TokenizerContents;
  /** Tokens of the vocabulary: fewer than asked for where the texts have no more. */
  readonly size: number;
  readonly texts: number;
  /** UTF-16 units of all texts. */
  readonly units: number;
  /** Words in the texts, and different ones. */
  readonly words: number;
  readonly differentWords: number;
  /** Tokens of all texts with this vocabulary, and how many of these are unknown. */
  readonly tokens: number;
  readonly unknown: number;
}

/**
 * Trains a tokenizer on texts, which are read once. E_OPTION for options that do not fit the type, E_EMPTY where the texts have no word,
 * E_VOCABULARY where the size does not even hold special tokens and alphabet; the reason of a signal that stops it.
 */
export async function trainTokenizer(
  texts: Iterable<string> | AsyncIterable<string>,
  given: TrainTokenizerOptions = {},
  { reading, learning, signal }: TrainTokenizerObserver = {},
): Promise<TrainedTokenizer> {
  const options = checkedOptions(given);
  const family = options.type === "wordpiece" ? bertFamily(options) : robertaFamily(options);
  const { normalizer, preTokenizer, specialTokens, prefix } = family;
  const pace = createPace(signal);
  const counts = await countWords(texts, {
    normalize: createNormalizer(normalizer),
    preTokenize: createPreTokenizer(preTokenizer),
    pace,
    ...(reading && { onText: reading }),
  });
  if (counts.words.size === 0) throw new AttuneError({ code: "E_EMPTY", place: "texts", problem: "have no word to learn from" });
  const words = usable(counts, family);
  const tokens = [...new Set([...specialTokens, ...family.alphabet(words)])];
  expectRoom(tokens.length, specialTokens.length, options);
  const { size, minFrequency } = options;
  const onProgress = learning && ((learnt: number) => learning(learnt, words.size));
  const learnt = await learnMerges(words, { tokens, size, minFrequency, prefix, pace, ...(onProgress && { onProgress }) });
  const { settings, ...stages } = family.complete(learnt);
  const definition = { added_tokens: addedTokens(specialTokens), normalizer, pre_tokenizer: preTokenizer, ...stages };
  const contents = { name: options.type, definition, settings: { ...settings, model_max_length: options.maxLength } };
  return { contents, size: learnt.tokens.length, ...(await figures(counts, contents, pace)) };
}

function checkedOptions(given: TrainTokenizerOptions): CompleteTrainTokenizerOptions {
  const options = parseOptions(trainTokenizerOptions, given, "tokenizer");
  if (options.type === "wordpiece") return options;
  for (const key of ["splitChinese", "alphabet"] as const) {
    if (options[key] === undefined) continue;
    const hint = "byte-level bpe knows every character by its bytes";
    throw new AttuneError({
      code: "E_OPTION",
      place: `--${key === "alphabet" ? "alphabet" : "split-chinese"}`,
      problem: "is for the type wordpiece",
      hint,
    });
  }
  return options;
}

/** The words that the tokenizer will cut, without those that are too long for it. */
function usable({ words }: WordCounts, { longestWord }: TokenizerFamily): ReadonlyMap<string, number> {
  if (longestWord === Infinity) return words;
  return new Map([...words].filter(([word]) => word.length <= longestWord || characterCount(word) <= longestWord));
}

function expectRoom(needed: number, special: number, { size, type }: CompleteTrainTokenizerOptions): void {
  if (size >= needed) return;
  throw new AttuneError({
    code: "E_VOCABULARY",
    place: "--size",
    expected: `at least ${needed.toLocaleString("en")}: ${special} special tokens and ${(needed - special).toLocaleString("en")} for single characters`,
    got: size.toLocaleString("en"),
    hint: type === "wordpiece" ? "take a larger size, or fewer characters (alphabet)" : "take a larger size",
  });
}

/** What the vocabulary makes of the texts that it was learnt from. */
async function figures({ words, texts, units }: WordCounts, { definition }: TokenizerContents, pace: Pace) {
  const model = createSubwordModel(definition.model);
  const unknownToken = (definition.model as { unk_token?: string | null }).unk_token;
  const unknownId = unknownToken == null ? undefined : model.vocabulary.get(unknownToken);
  let [all, tokens, unknown] = [0, 0, 0];
  for (const [word, count] of words) {
    const ids: number[] = [];
    model.encode(word, ids);
    all += count;
    tokens += count * ids.length;
    unknown += count * ids.filter((id) => id === unknownId).length;
    if (pace.due) await pace.pause();
  }
  return { texts, units, words: all, differentWords: words.size, tokens, unknown };
}
