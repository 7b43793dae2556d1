// Two models measured by the same evaluator, one after the other, so that no more memory is taken than by one.

import { AttuneError } from "@attune/core";
import { compareQueries } from "@attune/evaluation";
import type { PairedComparison } from "@attune/evaluation";
import type { Runtime } from "../runtime.ts";
import type { EvalSettings } from "../settings/eval-settings.ts";
import { expectSearcher, measureModel } from "./measure-model.ts";
import type { Measurement } from "./measure-model.ts";

export interface ComparedModels {
  readonly base: Measurement;
  readonly tuned: Measurement;
  /** Undefined for evaluators without values per query. */
  readonly compared: PairedComparison | undefined;
}

/** Of intervals and p-values, which draw queries at random: one seed, so that a comparison repeated is the same. */
export const SEED = 42;

export type ComparisonProgress = (which: "base" | "tuned", done: number, unit: "text" | "pair") => void;

/**
 * Measures `compare` and `model`. Prompts, lengths and pooling of the settings are for both. E_OPTION for a comparison of a model with itself, and for a
 * cross-encoder on a folder.
 */
export async function compareModels(
  settings: EvalSettings & { compare: string },
  runtime: Runtime,
  onProgress: ComparisonProgress,
): Promise<ComparedModels> {
  const { model, compare } = settings;
  if (model === compare) throw new AttuneError({ code: "E_OPTION", place: `--compare ${compare}`, problem: "is the model itself" });
  for (const one of [compare, model]) await expectSearcher({ ...settings, model: one }, runtime);
  const base = await measureModel({ ...settings, model: compare }, runtime, { onProgress: (done, unit) => onProgress("base", done, unit) });
  const tuned = await measureModel(settings, runtime, { onProgress: (done, unit) => onProgress("tuned", done, unit) });
  return { base, tuned, compared: compareQueries(base.evaluation, tuned.evaluation, { seed: SEED }) };
}
