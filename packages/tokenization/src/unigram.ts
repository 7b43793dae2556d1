// Unigram (SentencePiece): the cut of a word with the highest sum of token scores.
// Ties go to the cut that the Rust library finds: positions from left to right, shorter tokens first, a later one only if it is better.

import { z } from "zod";
import { checked, tokenizerError, type TokenizerDefinition } from "./contents.ts";
import type { SubwordModel } from "./subword-model.ts";

const options = z.object({
  vocab: z.custom<readonly (readonly [token: string, score: number])[]>(isScored, "expected pairs of a token and its score"),
  unk_id: z.int().nonnegative().nullish(),
  byte_fallback: z.boolean().default(false),
});

/** A schema per pair would take half a second for XLM-R's 250,000. */
function isScored(value: unknown): boolean {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && typeof pair[0] === "string" && typeof pair[1] === "number");
}

/** How much worse than the worst token an unknown character is. */
const UNKNOWN_PENALTY = 10;

/** The model of a SentencePiece tokenizer such as XLM-R's or T5's. */
export function createUnigram(config: TokenizerDefinition["model"]): SubwordModel {
  const { vocab, unk_id, byte_fallback } = checked("model", options, config);
  const vocabulary = new Map(vocab.map(([token], id) => [token, id]));
  const tokenScores = Float64Array.from(vocab, ([, score]) => scoreInRust(score));
  const unknownScore = tokenScores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
  const longest = longestByFirstUnit(vocabulary.keys());
  const unknown = unk_id ?? -1;

  /** For every end in `word`: where the best last token begins, and its id. */
  const bestCuts = (word: string): { starts: Int32Array; tokens: Int32Array } => {
    const starts = new Int32Array(word.length + 1).fill(-1);
    const tokens = new Int32Array(word.length + 1);
    const scores = new Float64Array(word.length + 1);
    const offer = (start: number, end: number, id: number, score: number): void => {
      if (starts[end] >= 0 && scores[start] + score <= scores[end]) return;
      scores[end] = scores[start] + score;
      starts[end] = start;
      tokens[end] = id;
    };
    for (let start = 0; start < word.length;) {
      const next = start + (word.codePointAt(start)! > 0xffff ? 2 : 1);
      const last = Math.min(word.length, start + (longest.get(word.charCodeAt(start)) ?? 0));
      let single = false;
      for (let end = next; end <= last; end++) {
        const id = vocabulary.get(word.slice(start, end));
        if (id === undefined) continue;
        offer(start, end, id, tokenScores[id]);
        single ||= end === next;
      }
      if (!single) offer(start, next, unknown, unknownScore);
      start = next;
    }
    return { starts, tokens };
  };

  /** A run of unknown characters: its bytes where the vocabulary has them, else one unknown token. */
  const pushUnknown = (run: string, ids: number[]): void => {
    const bytes = byte_fallback ? Array.from(new TextEncoder().encode(run), (byte) => vocabulary.get(byteToken(byte))) : [undefined];
    if (bytes.every((id) => id !== undefined)) for (const id of bytes) ids.push(id);
    else ids.push(vocabulary.get(run) ?? known(unk_id));
  };

  return {
    vocabulary,
    encode(word, ids) {
      const { starts, tokens } = bestCuts(word);
      const ends: number[] = [];
      for (let end = word.length; end > 0; end = starts[end]) ends.push(end);
      let unknownFrom = -1;
      for (const end of ends.reverse()) {
        if (tokens[end] === unknown) {
          if (unknownFrom < 0) unknownFrom = starts[end];
          continue;
        }
        if (unknownFrom >= 0) pushUnknown(word.slice(unknownFrom, starts[end]), ids);
        unknownFrom = -1;
        ids.push(tokens[end]);
      }
      if (unknownFrom >= 0) pushUnknown(word.slice(unknownFrom), ids);
    },
  };
}

/** A number as serde_json reads it: digits divided by a power of ten, so up to an ulp off, which decides between cuts that are equally good. */
function scoreInRust(score: number): number {
  const [mantissa, exponent] = Math.abs(score).toExponential().split("e");
  const [whole, decimals = ""] = mantissa.split(".");
  const power = Number(exponent) - decimals.length;
  const digits = Number(whole + decimals);
  return Math.sign(score) * (power < 0 ? digits / Number(`1e${-power}`) : digits * Number(`1e${power}`));
}

/** First UTF-16 unit -> length of the longest token that begins with it, so that no longer candidate is looked up. */
function longestByFirstUnit(tokens: Iterable<string>): Map<number, number> {
  const longest = new Map<number, number>();
  for (const token of tokens) {
    const first = token.charCodeAt(0);
    longest.set(first, Math.max(longest.get(first) ?? 0, token.length));
  }
  return longest;
}

function known(unkId: number | null | undefined): number {
  if (typeof unkId === "number") return unkId;
  throw tokenizerError("model", 'a text needs an unknown token and "unk_id" names none', "use another model");
}

function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
}
