// Lengths in words, where no model is named whose tokens could be counted.

import type { Ruler } from "./inspect-data.ts";

/** What stands between spaces; in scripts without spaces, each letter. */
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]+/gu;

/** Counts words, in any script. */
export const wordRuler: Ruler = { unit: "words", lengthOf: (text) => text.match(WORD)?.length ?? 0 };
