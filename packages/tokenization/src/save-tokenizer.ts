// A tokenizer's folder: tokenizer.json for the Rust library, the settings for transformers, and the vocabulary in the older form of its kind.

import { joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import type { TokenizerContents } from "./contents.ts";

/** Writes the files of a tokenizer into a folder, which is made; returns their names. E_FILE. */
export async function saveTokenizer(files: Files, folder: string, { definition, settings }: TokenizerContents): Promise<string[]> {
  const special = Object.fromEntries(Object.entries(settings).filter(([key, value]) => key.endsWith("_token") && value != null));
  const { additional_special_tokens: more } = settings;
  const contents: Record<string, string> = {
    "tokenizer.json": json({ version: "1.0", truncation: null, padding: null, ...definition }),
    "tokenizer_config.json": json(settings),
    "special_tokens_map.json": json({ ...special, ...(more && { additional_special_tokens: more }) }),
    ...vocabularyFiles(definition.model),
  };
  await files.makeFolder(folder);
  for (const [name, text] of Object.entries(contents)) await files.write(joinPath(folder, name), text);
  return Object.keys(contents);
}

/** vocab.txt of WordPiece, vocab.json and merges.txt of BPE. */
function vocabularyFiles(model: TokenizerContents["definition"]["model"]): Record<string, string> {
  if (model.type === "WordPiece") {
    const byId = Object.entries(model.vocab as Record<string, number>).sort(([, a], [, b]) => a - b);
    return { "vocab.txt": byId.map(([token]) => `${token}\n`).join("") };
  }
  if (model.type !== "BPE") return {};
  const merges = (model.merges as (string | string[])[]).map((pair) => (typeof pair === "string" ? pair : pair.join(" ")));
  return { "vocab.json": `${JSON.stringify(model.vocab)}\n`, "merges.txt": ["#version: 0.2", ...merges, ""].join("\n") };
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
