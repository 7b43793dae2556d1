// Words for lexical search. No stemming, no stop words, no dictionaries: what a token is can be said in one sentence.

/** Lower-cased runs of letters and digits of any script, with the marks on them: vowel signs, and accents however they are encoded (NFC). */
export function wordTokens(text: string): string[] {
  return text.normalize("NFC").toLowerCase().match(WORDS) ?? [];
}

/**
 * For scripts without spaces: of each run of Han, kana or hangul its characters and then their overlapping pairs, of everything else the words.
 * @see Lucene's CJKAnalyzer, with `outputUnigrams`
 */
export function cjkBigramTokens(text: string): string[] {
  return wordTokens(text).flatMap((word) => (CJK.test(word) ? (word.match(RUNS) ?? []).flatMap(tokensOfRun) : [word]));
}

/** The tokenizers by the names that options use. */
export const tokenizers = { word: wordTokens, "cjk-bigram": cjkBigramTokens } as const;

const WORDS = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;
const CJK = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}]/u;
const RUNS = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}]+|[^\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}]+/gu;

function tokensOfRun(run: string): string[] {
  if (!CJK.test(run)) return [run];
  const characters = [...run]; // by code point: rare characters are two units
  return [...characters, ...characters.slice(1).map((character, i) => characters[i] + character)];
}
