// Reads a tokenizer from a Hugging Face folder: tokenizer.json with its settings, or the vocab.txt of an old BERT folder.

import { AttuneError, baseName, joinPath, type Files } from "@attune/core";
import { z } from "zod";
import { addedTokensSchema, namedTokensSchema, withNamedTokens } from "./added-vocabulary.ts";
import { bertDefinition } from "./bert-vocabulary.ts";
import { checked, definitionSchema, settingsSchema, tokenizerError } from "./contents.ts";
import type { TokenizerContents, TokenizerDefinition, TokenizerSettings } from "./contents.ts";
import { classOfModelType } from "./normalizer-settings.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer.ts";

/** The tokenizer of a folder. E_NO_FILE, E_FILE, E_TOKENIZER name the file and what to do. */
export async function loadTokenizer(files: Files, folder: string, options?: { readonly maxLength?: number }): Promise<Tokenizer> {
  return createTokenizer(await readTokenizer(files, folder), options);
}

/** What a folder says about its tokenizer, as plain data. Errors as `loadTokenizer`. */
export async function readTokenizer(files: Files, folder: string): Promise<TokenizerContents> {
  const read = (name: string) => readJson(files, joinPath(folder, name));
  const [map, config] = [await read("special_tokens_map.json"), await read("tokenizer_config.json")];
  const added = (await read("added_tokens.json"))?.as(addedTokensSchema);
  const tokenizer = await read("tokenizer.json");
  const named = { config: config?.as(namedTokensSchema), map: map?.as(namedTokensSchema), added };
  const said = mergedSettings(config?.as(settingsSchema), map?.as(settingsSchema), { mapIsLast: !named.config?.added_tokens_decoder });
  const settings = {
    ...said,
    ...(!said.tokenizer_class && (await classOf(files, folder))),
    // Where the settings do not say a side, transformers takes that of tokenizer.json's own truncation.
    ...(!said.truncation_side && tokenizer?.as(truncationSchema).truncation?.direction === "Left" && { truncation_side: "left" as const }),
  };
  const definition = tokenizer?.as(definitionSchema) ?? (await oldDefinition(files, folder, settings));
  return { name: baseName(folder), definition: withNamedTokens(definition, named), settings };
}

const truncationSchema = z.object({ truncation: z.looseObject({ direction: z.string().optional() }).nullish() });

/** Transformers lets special_tokens_map.json overrule an older tokenizer_config.json; one that lists its added tokens needs it no more. */
function mergedSettings(
  config: TokenizerSettings | undefined,
  map: TokenizerSettings | undefined,
  { mapIsLast }: { readonly mapIsLast: boolean },
): TokenizerSettings {
  if (!mapIsLast || !map) return { ...map, ...config };
  const more = [...(config?.additional_special_tokens ?? []), ...(map.additional_special_tokens ?? [])];
  return { ...config, ...map, ...(more.length > 0 && { additional_special_tokens: [...new Set(more)] }) };
}

const modelSchema = z.object({ tokenizer_class: z.string().nullish(), model_type: z.string().nullish() });

/** The tokenizer's class as config.json tells it. What is wrong with that file is for the model's reader to say. */
async function classOf(files: Files, folder: string): Promise<Pick<TokenizerSettings, "tokenizer_class"> | undefined> {
  const config = await readJson(files, joinPath(folder, "config.json")).catch(() => undefined);
  const { tokenizer_class, model_type } = modelSchema.safeParse(config?.value).data ?? {};
  const found = tokenizer_class ?? classOfModelType(model_type ?? "");
  return found ? { tokenizer_class: found } : undefined;
}

/** That of a folder without tokenizer.json. */
async function oldDefinition(files: Files, folder: string, settings: TokenizerSettings): Promise<TokenizerDefinition> {
  const vocabulary = joinPath(folder, "vocab.txt");
  if (await files.status(vocabulary)) return bertDefinition(vocabulary, await files.readText(vocabulary), settings);
  throw new AttuneError({
    code: "E_NO_FILE",
    place: folder,
    problem: "has no tokenizer.json (nor the vocab.txt of an old BERT folder)",
    hint: "give a model's folder, or write the file once with AutoTokenizer.from_pretrained(folder).save_pretrained(folder) in Python",
  });
}

/** A JSON file and what a schema reads in it. */
interface JsonFile {
  readonly value: unknown;
  as<Schema extends z.ZodType>(schema: Schema): z.output<Schema>;
}

/** A JSON file, or undefined where there is none. */
async function readJson(files: Files, path: string): Promise<JsonFile | undefined> {
  if ((await files.status(path)) === undefined) return undefined;
  const text = await files.readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw tokenizerError(path, `is not JSON: ${(cause as Error).message}`, undefined, cause);
  }
  return { value, as: (schema) => checked(path, schema, value) };
}
