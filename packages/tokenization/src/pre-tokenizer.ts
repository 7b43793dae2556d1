// The "pre_tokenizer" stage of tokenizer.json: text to words, which the model then cuts further, each for itself.

import { z } from "zod";
import { createByteLevel } from "./byte-level.ts";
import { checked, type Component } from "./contents.ts";
import { createLibraryPreTokenizer } from "./library.ts";
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

/** The stage as a function; without one, a text is one word. */
export function createPreTokenizer(config: Component | null | undefined): PreTokenize {
  if (!config) return (text) => [text];
  switch (config.type) {
    case "BertPreTokenizer":
      return (text) => text.match(OTHER_PUNCTUATION.test(text) ? BERT_WORD_THERE : BERT_WORD) ?? [];
    case "WhitespaceSplit":
      return (text) => text.match(/\P{White_Space}+/gu) ?? [];
    case "ByteLevel":
      return createByteLevel(config);
    case "Metaspace":
      return metaspace(config);
    case "Sequence":
      return sequence(config);
    default:
      return createLibraryPreTokenizer(config);
  }
}

function sequence(config: Component): PreTokenize {
  const schema = z.object({ pretokenizers: z.array(z.looseObject({ type: z.string() })) });
  const stages = checked("pre_tokenizer", schema, config).pretokenizers.map(createPreTokenizer);
  return (text, first) =>
    stages.reduce<readonly string[]>((words, stage) => words.flatMap((word, i) => stage(word, first && i === 0)), [text]);
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
