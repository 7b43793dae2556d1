// The pre-tokenizers that cut a text where something matches: a pattern, punctuation, digits, one character.

import { z } from "zod";
import { checked, type Component } from "./contents.ts";
import { createLibraryPattern } from "./library.ts";
import type { PreTokenize } from "./pre-tokenizer.ts";
import { BEHAVIORS, cutAt } from "./segments.ts";
import { FORMER_PUNCTUATION, NEWER_PUNCTUATION } from "./unicode-8.ts";

const PUNCTUATION = new RegExp(String.raw`(?![${NEWER_PUNCTUATION}])[\p{P}!-\/:-@[-\x60{-~${FORMER_PUNCTUATION}]`, "gu");
const NUMBER = /\p{N}/gu;

const behavior = z.enum(BEHAVIORS);
const splitOptions = z.object({ pattern: z.unknown(), behavior, invert: z.boolean().default(false) });
const punctuationOptions = z.object({ behavior: behavior.default("Isolated") });
const digitsOptions = z.object({ individual_digits: z.boolean().default(false) });
const delimiterOptions = z.object({ delimiter: z.string().regex(/^.$/su, "expected one character") });

/** Cuts at a text or a regular expression; E_TOKENIZER for a pattern that cannot be used. */
export function split(config: Component): PreTokenize {
  const { pattern, ...cut } = checked("pre_tokenizer", splitOptions, config);
  return cutAt(createLibraryPattern("pre_tokenizer", pattern), cut);
}

/** Cuts at each punctuation character; ASCII symbols such as `$` count. */
export function punctuation(config: Component): PreTokenize {
  return cutAt(PUNCTUATION, checked("pre_tokenizer", punctuationOptions, config));
}

/** Numbers apart from the rest, digit by digit where asked for; a number is all that Unicode calls one, such as ½. */
export function digits(config: Component): PreTokenize {
  const { individual_digits } = checked("pre_tokenizer", digitsOptions, config);
  return cutAt(NUMBER, { behavior: individual_digits ? "Isolated" : "Contiguous" });
}

/** Words between occurrences of one character. */
export function charDelimiterSplit(config: Component): PreTokenize {
  const { delimiter } = checked("pre_tokenizer", delimiterOptions, config);
  return (text) => text.split(delimiter).filter((word) => word !== "");
}
