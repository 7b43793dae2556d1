// Results where MTEB's tools look for them: <folder>/<model>/<revision>/<task>.json beside model_meta.json.

import { baseName, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import { mtebFolder, mtebModelMeta, mtebTask } from "@attune/evaluation";
import { modelName } from "../models/model-name.ts";
import type { EvalSettings } from "../settings/eval-settings.ts";
import type { Measurement } from "./measure-model.ts";

/** Writes both files and returns the path of the task. */
export async function writeMteb(
  files: Files,
  { mteb, mtebTask: named, mtebLanguages: languages, data }: Pick<EvalSettings, "mtebTask" | "mtebLanguages" | "data"> & { mteb: string },
  { model: given, evaluator: { primary }, choice: [, options], evaluation: { metrics }, seconds, dimension, maxLength }: Measurement,
): Promise<string> {
  const model = organisedName(given);
  const folder = joinPath(mteb, mtebFolder(model));
  const task = named ?? (baseName(data).replace(/\.[^.]+(\.gz)?$/, "") || data);
  const split = typeof options.split === "string" ? options.split : "test";
  const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;
  await files.makeFolder(folder);
  await files.write(joinPath(folder, "model_meta.json"), json(mtebModelMeta({ model, dimension, maxLength })));
  const path = joinPath(folder, `${task}.json`);
  await files.write(path, json(mtebTask({ task, split, metrics, primary, seconds, ...(languages && { languages }) })));
  return path;
}

/** The model as it was given, unless its path ends in no names: "." or "../tuned" are called as the folder is. */
function organisedName(model: string): string {
  const named = model
    .split("/")
    .filter((part) => part !== "")
    .slice(-2);
  return named.some((part) => part === "." || part === "..") ? modelName(model) : model;
}
