// Writes a cross-encoder so that every version of sentence-transformers loads it: a sequence-classification folder whose config.json names the
// activation as versions before 5.4 look for it, and modules.json with its settings as the versions since then do.

import { joinPath, type Files } from "@attune/core";
import { configText, copyTokenizer } from "./base-files.ts";
import { folderError } from "./model-folder.ts";
import { publishFolder } from "./publish-folder.ts";
import { scoreActivations, type CrossEncoderFolder } from "./read-cross-encoder.ts";
import { writeSafetensors, type TensorToWrite } from "./write-safetensors.ts";

/** A cross-encoder to write; a CrossEncoderFolder with base and weights is one. */
export interface CrossEncoderToWrite extends Pick<
  CrossEncoderFolder,
  "activation" | "labels" | "maxSeqLength" | "doLowerCase" | "prompts" | "defaultPromptName"
> {
  /** The folder that config.json and the tokenizer are taken from. */
  readonly base: string;
  /** All tensors, the head's too, by their names in the file ("bert.…", "classifier.…"). */
  readonly weights: Iterable<TensorToWrite>;
}

/**
 * Writes the folder whole or not at all: an existing one keeps its other files, and a failed write leaves it as it was.
 * Errors: E_MODEL_FOLDER (no tokenizer, no config.json, or one of another form than an object), E_SAFETENSORS_…, E_FILE.
 */
export async function writeCrossEncoder(files: Files, folder: string, model: CrossEncoderToWrite): Promise<void> {
  const { base, activation, maxSeqLength, labels } = model;
  await publishFolder(files, folder, async (temporary) => {
    const write = (name: string, text: string): Promise<void> => files.write(joinPath(temporary, name), text);
    const weights = [...model.weights];
    await writeSafetensors(files, joinPath(temporary, "model.safetensors"), weights);
    await copyTokenizer(files, base, temporary);
    const config = await configText(files, { base }, weights);
    await write("config.json", withActivation(config, scoreActivations[activation], base));
    if (maxSeqLength !== undefined) await limitTokenizer(files, temporary, maxSeqLength);
    await write(
      "modules.json",
      json([{ idx: 0, name: "0", path: "", type: "sentence_transformers.base.modules.transformer.Transformer" }]),
    );
    await write("sentence_bert_config.json", json({ ...transformerSettings, ...(model.doLowerCase && { do_lower_case: true }) }));
    await write("config_sentence_transformers.json", json(settingsOf(model)));
    await write("README.md", card(labels, maxSeqLength));
  });
}

const transformerSettings = {
  transformer_task: "sequence-classification",
  modality_config: { text: { method: "forward", method_output_name: "logits" } },
  module_output_name: "scores",
};

function settingsOf({ activation, prompts, defaultPromptName }: CrossEncoderToWrite): object {
  return {
    activation_fn: scoreActivations[activation],
    default_prompt_name: defaultPromptName ?? null,
    model_type: "CrossEncoder",
    prompts,
  };
}

/** The text of config.json with its activation set; all else keeps the form that Python gave it. */
function withActivation(text: string, name: string, base: string): string {
  const keys = /("(?:activation_fn|sbert_ce_default_activation_function)"\s*:\s*)(?:"[^"]*"|null)/g;
  if (keys.test(text)) return text.replaceAll(keys, `$1${JSON.stringify(name)}`);
  const entry = `"sentence_transformers": {\n    "activation_fn": ${JSON.stringify(name)},\n    "version": "4.1.0"\n  }`;
  return withEntry(text, entry, joinPath(base, "config.json"));
}

/** sentence-transformers takes a cross-encoder's length from the tokenizer. */
async function limitTokenizer(files: Files, folder: string, length: number): Promise<void> {
  const path = joinPath(folder, "tokenizer_config.json");
  const text = (await files.status(path)) ? await files.readText(path) : "{\n}\n";
  const key = /("model_max_length"\s*:\s*)[^\s,}]+/;
  await files.write(path, key.test(text) ? text.replace(key, `$1${length}`) : withEntry(text, `"model_max_length": ${length}`, path));
}

/** A JSON object's text with one more entry at its end. */
function withEntry(text: string, entry: string, place: string): string {
  const [, inside] = /^\s*\{([^]*)\}\s*$/.exec(text) ?? [];
  if (inside === undefined) throw folderError(place, "is not a JSON object", "restore or download the file again");
  const before = inside.trimEnd();
  return `{${before}${before === "" ? "" : ","}\n  ${entry}\n}\n`;
}

function card(labels: readonly string[], maxSeqLength: number | undefined): string {
  const limit = maxSeqLength === undefined ? "" : ` Pairs are cut to ${maxSeqLength} tokens.`;
  const what = labels.length === 1 ? "Scores how well a text answers a query" : `Scores pairs of texts for ${labels.join(", ")}`;
  return `---
library_name: sentence-transformers
pipeline_tag: text-ranking
tags:
- sentence-transformers
- cross-encoder
- reranker
- attune
---

# Cross-encoder

${what}. Trained with attune.${limit}

## Usage

\`\`\`python
from sentence_transformers import CrossEncoder

model = CrossEncoder("path/to/this/folder")
print(model.predict([("a query", "a text"), ("a query", "another text")]))
\`\`\`
`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
