// WordPiece (BERT): the longest known beginning of a word, then the longest known continuation, and so on; a word that cannot be cut is unknown as a whole.

import { z } from "zod";
import { checked, tokenizerError, type TokenizerDefinition } from "./contents.ts";
import type { SubwordModel } from "./subword-model.ts";
import { characterCount } from "./unicode.ts";

const options = z.object({
  unk_token: z.string().default("[UNK]"),
  continuing_subword_prefix: z.string().default("##"),
  max_input_chars_per_word: z.int().positive().default(100),
});

/** The model of a BERT tokenizer; E_TOKENIZER where its unknown token has no id. */
export function createWordPiece(config: TokenizerDefinition["model"], vocabulary: Map<string, number>): SubwordModel {
  const { unk_token, continuing_subword_prefix: prefix, max_input_chars_per_word: longestWord } = checked("model", options, config);
  const unknown = vocabulary.get(unk_token);
  if (unknown === undefined) throw tokenizerError("model", `"unk_token": ${JSON.stringify(unk_token)} is not in the vocabulary`);
  const continuations = new Map<string, number>();
  let longestToken = 0;
  for (const [token, id] of vocabulary) {
    if (token.startsWith(prefix)) continuations.set(token.slice(prefix.length), id);
    longestToken = Math.max(longestToken, token.length);
  }
  return {
    vocabulary,
    encode(word, ids) {
      const known = ids.length;
      if (word.length > longestWord && characterCount(word) > longestWord) {
        ids.push(unknown);
        return;
      }
      for (let start = 0; start < word.length;) {
        const pieces = start === 0 ? vocabulary : continuations;
        let end = Math.min(word.length, start + longestToken);
        let id: number | undefined;
        while (end > start && (id = pieces.get(word.slice(start, end))) === undefined) end--;
        if (id === undefined) {
          ids.length = known;
          ids.push(unknown);
          return;
        }
        ids.push(id);
        start = end;
      }
    },
  };
}
