// Which evaluators compare embeddings by the similarity that a model is made for; the others measure several, or need none.

import type { Plugin } from "@attune/core";
import { z } from "zod";

/** A model's similarity as an option of an evaluator; no option for an evaluator that takes none. */
export function similarityOption(
  { options }: Pick<Plugin<"evaluator">, "options">,
  similarity: "cosine" | "dot",
): { similarity?: "cosine" | "dot" } {
  const { properties } = z.toJSONSchema(options, { io: "input", unrepresentable: "any" });
  const option = properties?.["similarity"];
  return typeof option === "object" && option.enum?.includes(similarity) ? { similarity } : {};
}
