// Whether a folder gives vectors or scores pairs. Decided by its configuration alone, so that a command can say at once that it needs the other kind.

import { joinPath, type Files } from "@attune/core";
import { z } from "zod";
import { readJsonIfThere } from "./json-file.ts";
import { requireFolder } from "./transformer-folder.ts";

/** `embedding`: text to vector. `cross-encoder`: pair of texts to score. */
export type ModelKind = "embedding" | "cross-encoder";

/**
 * The kind of a model folder: what config_sentence_transformers.json says; a folder with modules and without that word embeds, as old
 * sentence-transformers folders do; any other is a cross-encoder if config.json names a sequence-classification model. E_MODEL_FOLDER without a folder.
 */
export async function modelKind(files: Files, folder: string): Promise<ModelKind> {
  await requireFolder(files, folder);
  const sentence = z.object({ model_type: z.string().optional() });
  const said = await readJsonIfThere(files, joinPath(folder, "config_sentence_transformers.json"), sentence);
  if (said?.model_type !== undefined) return said.model_type === "CrossEncoder" ? "cross-encoder" : "embedding";
  if (await files.status(joinPath(folder, "modules.json"))) return "embedding";
  const schema = z.object({ architectures: z.array(z.string()).nullish() });
  const config = await readJsonIfThere(files, joinPath(folder, "config.json"), schema);
  return isClassifier(config?.architectures?.[0]) ? "cross-encoder" : "embedding";
}

/** Whether transformers' class of this name classifies sequences. */
export function isClassifier(architecture: string | undefined): boolean {
  return architecture?.endsWith("ForSequenceClassification") ?? false;
}
