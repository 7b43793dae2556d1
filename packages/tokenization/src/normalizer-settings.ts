// What tokenizer_config.json says about the normaliser of tokenizer.json. Some classes of transformers 4.57 overrule a BERT normaliser with it, all
// others leave the file as it is; a model must read here what it reads there, so the same classes do it here.

import type { TokenizerDefinition, TokenizerSettings } from "./contents.ts";

/** Classes that overrule case, accents and Chinese characters. */
const OVERRULE_ALL =
  /^(Bert|ConvBert|DistilBert|DPR(QuestionEncoder|ContextEncoder|Reader)|Electra|Ernie|Funnel|LayoutLM|Lxmert|MobileBert|Realm|RetriBert|SqueezeBert)Tokenizer(Fast)?$/;
/** Classes that overrule case and accents. */
const OVERRULE_SOME = /^(MPNet|Splinter)Tokenizer(Fast)?$/;

/** The tokenizer classes of models whose config.json says only their type; only those that overrule. */
const CLASS_OF_TYPE: Readonly<Record<string, string>> = {
  bert: "BertTokenizer",
  convbert: "ConvBertTokenizer",
  distilbert: "DistilBertTokenizer",
  electra: "ElectraTokenizer",
  ernie: "BertTokenizer",
  funnel: "FunnelTokenizer",
  layoutlm: "LayoutLMTokenizer",
  lxmert: "LxmertTokenizer",
  "megatron-bert": "BertTokenizer",
  mobilebert: "MobileBertTokenizer",
  mpnet: "MPNetTokenizer",
  nezha: "BertTokenizer",
  squeezebert: "SqueezeBertTokenizer",
};

/** The class that transformers takes for a model type, where it matters here. */
export function classOfModelType(type: string): string | undefined {
  return Object.hasOwn(CLASS_OF_TYPE, type) ? CLASS_OF_TYPE[type] : undefined;
}

/** The normaliser as transformers would use it. */
export function withSettings(
  normalizer: TokenizerDefinition["normalizer"],
  settings: TokenizerSettings,
): TokenizerDefinition["normalizer"] {
  if (normalizer?.type !== "BertNormalizer") return normalizer;
  const { tokenizer_class, do_lower_case, strip_accents, tokenize_chinese_chars } = settings;
  const all = OVERRULE_ALL.test(tokenizer_class ?? "");
  if (all || OVERRULE_SOME.test(tokenizer_class ?? "")) {
    // What the settings leave out is not "as in the file" but the default of the class: a cased tokenizer.json without do_lower_case becomes
    // lower case. That surprises, yet the model was trained and is served by transformers that way.
    return {
      ...normalizer,
      lowercase: do_lower_case ?? true,
      strip_accents: strip_accents ?? null,
      ...(all && { handle_chinese_chars: tokenize_chinese_chars ?? true }),
    };
  }
  if (tokenizer_class) return normalizer;
  // Nobody knows the class: what is said outright was meant.
  return {
    ...normalizer,
    ...(typeof do_lower_case === "boolean" && { lowercase: do_lower_case }),
    ...(strip_accents !== undefined && { strip_accents }),
    ...(typeof tokenize_chinese_chars === "boolean" && { handle_chinese_chars: tokenize_chinese_chars }),
  };
}
