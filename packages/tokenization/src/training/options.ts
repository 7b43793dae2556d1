// What a vocabulary is trained to be, as one schema for code and command line.

import { z } from "zod";

/** Options of `trainTokenizer`, with defaults and descriptions. */
export const trainTokenizerOptions = z.strictObject({
  type: z.enum(["wordpiece", "bpe"]).default("wordpiece").describe("wordpiece as BERT has it, or byte-level bpe as RoBERTa and GPT-2"),
  size: z.int().positive().default(30_000).describe("tokens of the vocabulary, special ones included"),
  minFrequency: z.int().positive().default(2).describe("occurrences that two neighbours must have to become one token"),
  lowercase: z.boolean().optional().describe("lower-case texts; wordpiece does unless --no-lowercase is given"),
  stripAccents: z.boolean().optional().describe("take accents off; as --lowercase when left out"),
  splitChinese: z
    .boolean()
    .optional()
    .describe("wordpiece: each Chinese character is a word, which is so unless --no-split-chinese is given"),
  alphabet: z.int().positive().optional().describe("wordpiece: different characters at most, the rarest are left out; 1000 when left out"),
  specialTokens: z.array(z.string().min(1)).default([]).describe("further special tokens, after those of the type"),
  maxLength: z.int().positive().default(512).describe("longest text of the model that it is for, in tokens; written beside it"),
});

/** As a user writes them. */
export type TrainTokenizerOptions = z.input<typeof trainTokenizerOptions>;

/** With defaults filled in. */
export type CompleteTrainTokenizerOptions = z.output<typeof trainTokenizerOptions>;
