// Reads a tokenizer from a Hugging Face folder: tokenizer.json with its settings, or the vocab.txt of an old BERT folder.

import { AttuneError, baseName, joinPath, type Files } from "@attune/core";
import type { z } from "zod";
import { bertDefinition } from "./bert-vocabulary.ts";
import { checked, definitionSchema, settingsSchema, tokenizerError, type TokenizerContents, type TokenizerSettings } from "./contents.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer.ts";

/** The tokenizer of a folder. E_NO_FILE, E_FILE, E_TOKENIZER name the file and what to do. */
export async function loadTokenizer(files: Files, folder: string, options?: { readonly maxLength?: number }): Promise<Tokenizer> {
  return createTokenizer(await readTokenizer(files, folder), options);
}

/** What a folder says about its tokenizer, as plain data. Errors as `loadTokenizer`. */
export async function readTokenizer(files: Files, folder: string): Promise<TokenizerContents> {
  const tokens = await readJson(files, joinPath(folder, "special_tokens_map.json"), settingsSchema);
  const config = await readJson(files, joinPath(folder, "tokenizer_config.json"), settingsSchema);
  const settings: TokenizerSettings = { ...tokens, ...config };
  const name = baseName(folder);
  const definition = await readJson(files, joinPath(folder, "tokenizer.json"), definitionSchema);
  if (definition) return { name, definition, settings };
  const vocabulary = joinPath(folder, "vocab.txt");
  if (await files.status(vocabulary)) {
    return { name, definition: bertDefinition(vocabulary, await files.readText(vocabulary), settings), settings };
  }
  throw new AttuneError({
    code: "E_NO_FILE",
    place: folder,
    problem: "has no tokenizer.json (nor the vocab.txt of an old BERT folder)",
    hint: "give a model's folder, or write the file once with AutoTokenizer.from_pretrained(folder).save_pretrained(folder) in Python",
  });
}

/** A JSON file, or undefined where there is none. */
async function readJson<Schema extends z.ZodType>(files: Files, path: string, schema: Schema): Promise<z.output<Schema> | undefined> {
  if ((await files.status(path)) === undefined) return undefined;
  const text = await files.readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw tokenizerError(path, `is not JSON: ${(cause as Error).message}`, undefined, cause);
  }
  return checked(path, schema, value);
}
