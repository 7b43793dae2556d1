// The files that an evaluator reads beside its data, as its options name them: the passages that positives are found among, the texts that a
// classifier learns from. Options of other names are words, even where a file happens to be called so.

import { AttuneError } from "@attune/core";
import type { Files } from "@attune/core";
import { findFiles } from "@attune/data";
import { splitChoice } from "../settings/choice.ts";
import type { PluginChoice } from "../settings/choice.ts";
import type { EvaluationSet } from "./evaluation-sets.ts";

const PATHS = ["corpus", "train"];

/** The paths among the options of a set's evaluator, by option; what is not there is none. */
export async function optionPaths({ evaluator }: EvaluationSet, files: Files): Promise<Record<string, string>> {
  const given = evaluator === undefined ? {} : splitChoice(evaluator)[1];
  const found: Record<string, string> = {};
  for (const name of PATHS) {
    const path = given[name];
    if (typeof path === "string" && (await files.status(path))) found[name] = path;
  }
  return found;
}

/** The sets with those paths written as `change` does. */
export async function withOptionPaths(
  sets: readonly EvaluationSet[],
  files: Files,
  change: (path: string) => string,
): Promise<EvaluationSet[]> {
  const changed: EvaluationSet[] = [];
  for (const set of sets) {
    const paths = Object.entries(await optionPaths(set, files)).map(([name, path]) => [name, change(path)] as const);
    if (paths.length === 0 || set.evaluator === undefined) changed.push(set);
    else {
      const [named, given] = splitChoice(set.evaluator);
      changed.push({ ...set, evaluator: [named, { ...given, ...Object.fromEntries(paths) }] as PluginChoice<"evaluator"> });
    }
  }
  return changed;
}

/** The files that a pattern means; none where a path that is not there is no pattern, or matches nothing. */
export async function matchingFiles(files: Files, pattern: string): Promise<string[]> {
  try {
    return (await findFiles(files, pattern)).filter((path) => path !== pattern);
  } catch (error) {
    if (error instanceof AttuneError && error.code === "E_NO_FILE") return [];
    throw error;
  }
}
