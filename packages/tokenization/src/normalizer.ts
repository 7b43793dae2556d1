// The "normalizer" stage of tokenizer.json: text to text. What @huggingface/tokenizers does as the Rust library does is left to it;
// what it does differently (BERT, lower case, strip, replace, prepend, charsmap) or does not know (Nmt) is done here.

import { z } from "zod";
import { createBertNormalizer } from "./bert-normalizer.ts";
import { createCharsmap } from "./charsmap.ts";
import { checked, type Component } from "./contents.ts";
import { createLibraryNormalizer, createLibraryPattern } from "./library.ts";
import { lowerCase, skipSpace, skipSpaceBack } from "./unicode.ts";

/** Text before it is cut into words. */
export type Normalize = (text: string) => string;

/** The stage as a function, undefined where there is none; E_TOKENIZER for a type that nobody knows. */
export function createNormalizer(config: Component | null | undefined): Normalize | undefined {
  if (!config) return undefined;
  switch (config.type) {
    case "Sequence":
      return sequence(config);
    case "BertNormalizer":
      return createBertNormalizer(config);
    case "Lowercase":
      return lowerCase;
    case "Strip":
      return strip(config);
    case "Replace":
      return replace(config);
    case "Prepend":
      return prepend(config);
    case "Nmt":
      return nmt;
    case "Precompiled":
      return config.precompiled_charsmap ? createCharsmap(String(config.precompiled_charsmap)) : (text) => text;
    default:
      return createLibraryNormalizer(config);
  }
}

function sequence(config: Component): Normalize {
  const schema = z.object({ normalizers: z.array(z.looseObject({ type: z.string() })) });
  const stages = checked("normalizer", schema, config).normalizers.map(createNormalizer);
  return (text) => stages.reduce((done, stage) => stage!(done), text);
}

function strip(config: Component): Normalize {
  const { strip_left, strip_right } = checked("normalizer", z.object({ strip_left: z.boolean(), strip_right: z.boolean() }), config);
  return (text) => {
    const start = strip_left ? skipSpace(text, 0) : 0;
    return text.slice(start, strip_right ? Math.max(start, skipSpaceBack(text, text.length)) : undefined);
  };
}

/** The content is put in as it is: `$&` and the like, which JavaScript would read, mean nothing in the Rust library. */
function replace(config: Component): Normalize {
  const { pattern, content } = checked("normalizer", z.object({ pattern: z.unknown(), content: z.string() }), config);
  const compiled = createLibraryPattern("normalizer", pattern);
  const literal = content.replaceAll("$", "$$$$");
  return (text) => text.replaceAll(compiled, literal);
}

function prepend(config: Component): Normalize {
  const { prepend: before } = checked("normalizer", z.object({ prepend: z.string() }), config);
  return (text) => (text === "" ? "" : before + text);
}

// eslint-disable-next-line no-control-regex
const NMT_REMOVED = /[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]/g;
const NMT_SPACE = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g;

/** SentencePiece's clean-up for translation: control characters go, odd white space becomes a space. */
function nmt(text: string): string {
  return text.replace(NMT_REMOVED, "").replace(NMT_SPACE, " ");
}
