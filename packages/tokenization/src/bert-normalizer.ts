// BERT's clean-up: control characters out, Chinese characters apart, accents off, lower case; in the order of the Rust library.
// English text is mostly ASCII, where all of it comes down to white space and lower case.

import { z } from "zod";
import { checked, type Component } from "./contents.ts";
import type { Normalize } from "./normalizer.ts";
import { lowerCase } from "./unicode.ts";
import { FORMER_MARKS, NEWER_FORMATS, NEWER_MARKS } from "./unicode-8.ts";

const options = z.object({
  clean_text: z.boolean().default(true),
  handle_chinese_chars: z.boolean().default(true),
  strip_accents: z.boolean().nullish(),
  lowercase: z.boolean().default(true),
});

const PRINTABLE_ASCII = /^[ -~]*$/;
const REMOVED = new RegExp(String.raw`[\0\ufffd]|(?![\t\n\r${NEWER_FORMATS}])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]`, "gu");
const MARKS = new RegExp(String.raw`(?![${NEWER_MARKS}])[\p{Mn}${FORMER_MARKS}]`, "gu");
const WHITE_SPACE = /\p{White_Space}/gu;
/** The blocks of BERT's own list, which is neither all Han characters nor only those. */
const CHINESE =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

/** The function that a BertNormalizer stage describes. */
export function createBertNormalizer(config: Component): Normalize {
  const { clean_text, handle_chinese_chars, strip_accents, lowercase } = checked("normalizer", options, config);
  const stripAccents = strip_accents ?? lowercase;
  return (text) => {
    if (PRINTABLE_ASCII.test(text)) return lowercase ? text.toLowerCase() : text;
    let done = text;
    if (clean_text) done = done.replace(REMOVED, "").replace(WHITE_SPACE, " ");
    if (handle_chinese_chars) done = done.replace(CHINESE, " $& ");
    if (stripAccents) done = done.normalize("NFD").replace(MARKS, "");
    return lowercase ? lowerCase(done) : done;
  };
}
