// An evaluator as settings name it, on the data of a command, told what it should know of the model: so that a model is measured in one way
// while it is trained and after it.

import type { Registry } from "@attune/core";
import { similarityOption } from "@attune/evaluation";
import { resolveChoice, splitChoice } from "../settings/choice.ts";
import type { Chosen, PluginChoice } from "../settings/choice.ts";

/** What an evaluator is given unless its own options say otherwise. */
export interface EvaluatorDefaults {
  readonly data: string;
  /** Of the model; for evaluators that take one. */
  readonly similarity: "cosine" | "dot";
  /** What the evaluator that is chosen is known to take. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** The evaluator with complete options. E_UNKNOWN_PLUGIN, E_OPTION. */
export function chooseEvaluator(
  registry: Registry,
  chosen: PluginChoice<"evaluator">,
  { data, similarity, options }: EvaluatorDefaults,
): Chosen<"evaluator"> {
  const [named, given] = splitChoice(chosen);
  const plugin = typeof named === "string" ? registry.get("evaluator", named) : named;
  const all = { data, ...similarityOption(plugin, similarity), ...options, ...given };
  return resolveChoice(registry, "evaluator", [plugin, all] as never);
}
