// Added tokens that tokenizer.json does not have: those of added_tokens_decoder (tokenizer_config.json) or, where that is missing, of the older
// added_tokens.json, then the special tokens that the settings name. As transformers 4.57 puts them into a fast tokenizer, their ids included: the
// files' own ids only say the order; a token that the model knows keeps its id, any other gets the next free one.

import { z } from "zod";
import { tokenSchema, type AddedToken, type TokenizerDefinition } from "./contents.ts";

const namedToken = z.union([z.string(), tokenSchema]);
/** Names of their own for tokens; newer versions write a list. */
const extraTokens = z.union([z.array(namedToken), z.record(z.string(), namedToken).transform((tokens) => Object.values(tokens))]);

/** In the order in which transformers goes through them. */
const SPECIAL_KEYS = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"] as const;

const oneToken = namedToken.nullish();

/** The keys of tokenizer_config.json and special_tokens_map.json that name tokens, with how these are looked for. */
export const namedTokensSchema = z.object({
  bos_token: oneToken,
  eos_token: oneToken,
  unk_token: oneToken,
  sep_token: oneToken,
  pad_token: oneToken,
  cls_token: oneToken,
  mask_token: oneToken,
  additional_special_tokens: z.array(oneToken).nullish(),
  extra_special_tokens: extraTokens.nullish().catch(undefined),
  added_tokens_decoder: z.record(z.string(), tokenSchema).nullish(),
});

/** added_tokens.json: ids by text. */
export const addedTokensSchema = z.record(z.string(), z.int().nonnegative());

export interface NamedTokens {
  /** tokenizer_config.json. */
  readonly config: z.output<typeof namedTokensSchema> | undefined;
  /** special_tokens_map.json. */
  readonly map: z.output<typeof namedTokensSchema> | undefined;
  /** added_tokens.json. */
  readonly added: z.output<typeof addedTokensSchema> | undefined;
}

type Token = z.output<typeof tokenSchema>;

/** The definition with all added tokens that its folder names. */
export function withNamedTokens(definition: TokenizerDefinition, named: NamedTokens): TokenizerDefinition {
  const own = new Map(definition.added_tokens.map((token) => [token.content, token]));
  const special = specialTokens(named);
  const isSpecial = new Set(special.map(({ content }) => content));
  const listed = listedTokens(named, isSpecial).filter((token) => !isSame(token, own.get(token.content)));
  const mentioned = new Set([...own.keys(), ...listed.map(({ content }) => content)]);
  const wanted = [
    ...listed.map((token) => ({ ...token, normalized: isNormalized(token), special: token.special || isSpecial.has(token.content) })),
    ...special
      .filter(({ content }) => !mentioned.has(content))
      .map((token) => ({ ...token, normalized: isNormalized(token), special: true })),
  ];
  if (wanted.length === 0) return definition;
  const ids = idGiver(definition);
  for (const token of wanted) if (token.content !== "") own.set(token.content, { id: ids(token.content, own), ...token });
  return { ...definition, added_tokens: [...own.values()] };
}

/** By the id that their file gives them. */
function listedTokens({ config, added }: NamedTokens, isSpecial: ReadonlySet<string>): Token[] {
  const byId = config?.added_tokens_decoder
    ? Object.entries(config.added_tokens_decoder).map(([id, token]) => [Number(id), token] as const)
    : Object.entries(added ?? {}).map(([content, id]) => [id, plainToken(content, isSpecial.has(content))] as const);
  return byId.sort(([a], [b]) => a - b).map(([, token]) => token);
}

/** Where tokenizer_config.json lists its added tokens, special_tokens_map.json says nothing new; else it has the last word. */
function specialTokens({ config, map }: NamedTokens): Token[] {
  const later = config?.added_tokens_decoder ? undefined : map;
  const single = SPECIAL_KEYS.map((key) => later?.[`${key}_token`] ?? config?.[`${key}_token`]);
  const more = [config, later].flatMap((from) => [...(from?.additional_special_tokens ?? []), ...(from?.extra_special_tokens ?? [])]);
  const tokens = [...single, ...more].filter((token) => token != null);
  return tokens.map((token) => (typeof token === "string" ? plainToken(token, true) : token));
}

/** Transformers' own reading of a bare text: special tokens are found before anything is normalised, others after. */
function plainToken(content: string, special: boolean): Token {
  return { content, single_word: false, lstrip: false, rstrip: false, normalized: !special, special };
}

function isNormalized({ normalized, special }: Token): boolean {
  return normalized ?? !special;
}

function isSame(token: Token, other: AddedToken | undefined): boolean {
  if (!other || isNormalized(token) !== isNormalized(other)) return false;
  return (["single_word", "lstrip", "rstrip", "special"] as const).every((flag) => token[flag] === other[flag]);
}

/** As the Rust library's `add_tokens` numbers what it is given. */
function idGiver({ model }: TokenizerDefinition): (content: string, added: ReadonlyMap<string, AddedToken>) => number {
  const { vocab } = model;
  const size = Array.isArray(vocab) ? vocab.length : Object.keys(vocab).length;
  const known = (content: string): number | undefined => {
    if (!Array.isArray(vocab)) return Object.hasOwn(vocab, content) ? (vocab as Record<string, number>)[content] : undefined;
    const at = vocab.findLastIndex((scored: unknown) => Array.isArray(scored) && scored[0] === content);
    return at < 0 ? undefined : at;
  };
  return (content, added) => {
    const id = added.get(content)?.id ?? known(content);
    return id ?? Math.max(size, ...Array.from(added.values(), (token) => token.id + 1));
  };
}
