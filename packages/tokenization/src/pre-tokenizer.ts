// The "pre_tokenizer" stage of tokenizer.json: text to words, which the model then cuts further, each for itself.

import { z } from "zod";
import { createByteLevel } from "./byte-level.ts";
import { checked, tokenizerError, type Component } from "./contents.ts";
import { charDelimiterSplit, digits, punctuation, split } from "./split.ts";
import { FORMER_PUNCTUATION, NEWER_PUNCTUATION } from "./unicode-8.ts";

/** Words of a piece of text; `first` says whether it begins the whole text. */
export type PreTokenize = (text: string, first: boolean) => readonly string[];

/** Words are runs without white space; every punctuation character, also ASCII symbols such as `$`, is a word. */
const BERT_WORD = /[^\p{White_Space}\p{P}!-/:-@[-`{-~]+|[\p{P}!-/:-@[-`{-~]/gu;
/** The same for texts with punctuation that is not the same here and in the Rust library; slower. */
const OTHER_PUNCTUATION = new RegExp(`[${NEWER_PUNCTUATION}${FORMER_PUNCTUATION}]`, "u");
const BERT_WORD_THERE = new RegExp(
  String.raw`(?:[^\p{White_Space}\p{P}!-\/:-@[-\x60{-~${FORMER_PUNCTUATION}]|[${NEWER_PUNCTUATION}])+|[\p{P}!-\/:-@[-\x60{-~${FORMER_PUNCTUATION}]`,
  "gu",
);

/** Runs of what Rust's regular expressions call a word, and of what is neither that nor white space. */
const WORD_CHARACTERS = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}`;
const WORD = new RegExp(`[${WORD_CHARACTERS}]+|[^${WORD_CHARACTERS}\\p{White_Space}]+`, "gu");

const KNOWN =
  "BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, FixedLength, Metaspace, Punctuation, Split, Whitespace, WhitespaceSplit";

/** The stage as a function; without one, a text is one word. E_TOKENIZER for an unknown type and where an option makes no sense. */
export function createPreTokenizer(config: Component | null | undefined): PreTokenize {
  if (!config) return (text) => [text];
  switch (config.type) {
    case "BertPreTokenizer":
      return (text) => text.match(OTHER_PUNCTUATION.test(text) ? BERT_WORD_THERE : BERT_WORD) ?? [];
    case "WhitespaceSplit":
      return (text) => text.match(/\P{White_Space}+/gu) ?? [];
    case "Whitespace":
      return (text) => text.match(WORD) ?? [];
    case "Split":
      return split(config);
    case "Punctuation":
      return punctuation(config);
    case "Digits":
      return digits(config);
    case "CharDelimiterSplit":
      return charDelimiterSplit(config);
    case "FixedLength":
      return fixedLength(config);
    case "ByteLevel":
      return createByteLevel(config);
    case "Metaspace":
      return metaspace(config);
    case "Sequence":
      return sequence(config);
    default:
      throw tokenizerError("pre_tokenizer", `the type ${JSON.stringify(config.type)} is not known: ${KNOWN} are`, "use another model");
  }
}

function sequence(config: Component): PreTokenize {
  const schema = z.object({ pretokenizers: z.array(z.looseObject({ type: z.string() })) });
  const stages = checked("pre_tokenizer", schema, config).pretokenizers.map(createPreTokenizer);
  return (text, first) =>
    stages.reduce<readonly string[]>((words, stage) => words.flatMap((word, i) => stage(word, first && i === 0)), [text]);
}

/** Words of so many characters, which may be two UTF-16 units each. */
function fixedLength(config: Component): PreTokenize {
  const { length } = checked("pre_tokenizer", z.object({ length: z.int().positive().default(5) }), config);
  const pattern = new RegExp(`.{1,${length}}`, "gsu");
  return (text) => text.match(pattern) ?? [];
}

const metaspaceOptions = z.object({
  replacement: z.string().default("▁"),
  prepend_scheme: z.enum(["always", "first", "never"]).default("always"),
  /** How older files say "never". */
  add_prefix_space: z.boolean().optional(),
  split: z.boolean().default(true),
});

function metaspace(config: Component): PreTokenize {
  const { replacement, prepend_scheme, add_prefix_space, split } = checked("pre_tokenizer", metaspaceOptions, config);
  const scheme = add_prefix_space === false ? "never" : prepend_scheme;
  return (text, first) => {
    const marked = text.replaceAll(" ", replacement);
    const prepends = !marked.startsWith(replacement) && (scheme === "always" || (scheme === "first" && first));
    const whole = prepends ? replacement + marked : marked;
    if (!split) return [whole];
    const [head, ...rest] = whole.split(replacement);
    return head === "" ? rest.map((word) => replacement + word) : [head, ...rest.map((word) => replacement + word)];
  };
}
