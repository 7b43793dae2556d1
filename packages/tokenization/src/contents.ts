// What a tokenizer is made of, as plain data: tokenizer.json and the settings beside it, checked, so that it can be sent to a worker as it is.
// The file's own truncation and padding blocks are left out on purpose: length is asked for call by call, and nothing here is padded. Which side
// is cut goes to the settings, where transformers has it.

import { AttuneError } from "@attune/core";
import { z } from "zod";

const component = z.looseObject({ type: z.string() }).nullish();

/** One stage of tokenizer.json: its type and that type's own keys. */
export type Component = NonNullable<z.output<typeof component>>;

/** A token's text and how it is looked for, as all files write it. */
export const tokenSchema = z.object({
  content: z.string(),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().optional(),
  special: z.boolean().default(false),
});

const addedToken = z.object({ id: z.int().nonnegative(), ...tokenSchema.shape });

/** A token that is found in the text before anything else looks at it. */
export type AddedToken = z.output<typeof addedToken>;

/** tokenizer.json, without truncation and padding. */
export const definitionSchema = z.object({
  added_tokens: z.array(addedToken).default([]),
  normalizer: component,
  pre_tokenizer: component,
  post_processor: component,
  decoder: component,
  model: z.looseObject({ type: z.string().optional(), vocab: z.custom<object>(isVocabulary, "expected a vocabulary") }),
});

export type TokenizerDefinition = z.output<typeof definitionSchema>;

function isVocabulary(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

const namedToken = z.union([z.string(), z.looseObject({ content: z.string() }).transform((token) => token.content)]).nullish();

/** tokenizer_config.json and special_tokens_map.json: the keys that say something about text or ids. */
export const settingsSchema = z.object({
  tokenizer_class: z.string().nullish(),
  model_max_length: z.number().nullish(),
  model_input_names: z.array(z.string()).nullish(),
  do_lower_case: z.boolean().nullish(),
  strip_accents: z.boolean().nullish(),
  tokenize_chinese_chars: z.boolean().nullish(),
  cls_token: namedToken,
  sep_token: namedToken,
  pad_token: namedToken,
  mask_token: namedToken,
  unk_token: namedToken,
  bos_token: namedToken,
  eos_token: namedToken,
  additional_special_tokens: z.array(namedToken).nullish(),
  /** Which end of a text stays when it is too long: with "left" the last tokens. */
  truncation_side: z.enum(["left", "right"]).nullish(),
});

export type TokenizerSettings = z.output<typeof settingsSchema>;

/** All that a tokenizer is made of; plain data. */
export interface TokenizerContents {
  /** The folder's name. */
  readonly name: string;
  readonly definition: TokenizerDefinition;
  readonly settings: TokenizerSettings;
}

/** `value` as `schema` reads it; E_TOKENIZER with the place, the key and what stands there. */
export function checked<Schema extends z.ZodType>(place: string, schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const key = issue.path.length > 0 ? `"${issue.path.join(".")}": ` : "";
  throw tokenizerError(place, `${key}${issue.message}`);
}

/** E_TOKENIZER: a file or a stage that cannot be used. */
export function tokenizerError(place: string, problem: string, hint = "restore or download the file again", cause?: unknown): AttuneError {
  return new AttuneError({ code: "E_TOKENIZER", place, problem, hint, cause });
}
