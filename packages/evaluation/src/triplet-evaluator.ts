// Triplets: is the anchor nearer to its positive than to its negative?

import { AttuneError, definePlugin, type Files } from "@attune/core";
import { textOf } from "@attune/data";
import { z } from "zod";
import { createEvaluator, embedAll, type Evaluator } from "./evaluator.ts";
import { columnsOption, readMeasuredRows } from "./measured-rows.ts";
import { rowSimilarities, similarities } from "./similarity-metrics.ts";

declare module "./evaluator.ts" {
  interface EvaluatorOptions {
    triplet: { data: string; margin?: number; columns?: Record<string, string> };
  }
}

export interface TextTriplet {
  readonly anchor: string;
  readonly positive: string;
  readonly negative: string;
}

type Similarity = keyof typeof similarities;
const names = Object.keys(similarities) as Similarity[];

/** A triplet for every positive and negative of every row. Errors as in `loadRows`; E_LAYOUT when no row has a negative. */
export async function readTriplets(files: Files, path: string, columns?: Readonly<Record<string, string>>): Promise<TextTriplet[]> {
  const rows = await readMeasuredRows(files, path, columns);
  const triplets = rows.flatMap(({ anchor, positives, negatives }) =>
    positives.flatMap((positive) => negatives.map((negative) => ({ anchor, positive: textOf(positive), negative: textOf(negative) }))),
  );
  if (triplets.length > 0) return triplets;
  throw new AttuneError({ code: "E_LAYOUT", place: path, expected: "rows with negatives", got: `${rows.length} rows without any` });
}

/**
 * The share of triplets in which sim(anchor, positive) > sim(anchor, negative) + margin, for each similarity, and the largest of them.
 * Semantics of sentence-transformers' TripletEvaluator. One margin for all similarities, or one for each.
 */
export function createTripletEvaluator(
  triplets: readonly TextTriplet[],
  { name = "triplet", margin = 0 }: { name?: string; margin?: number | Readonly<Record<Similarity, number>> } = {},
): Evaluator {
  return createEvaluator({
    name,
    metrics: [...names.map((similarity) => `${similarity}_accuracy`), "max_accuracy"],
    primary: "max_accuracy",
    async evaluateQueries(embedder, signal) {
      const texts = (["anchor", "positive", "negative"] as const).flatMap((role) => triplets.map((triplet) => triplet[role]));
      const vectors = await embedAll(embedder, texts, { signal }); // [3N D]
      const third = vectors.length / 3;
      const [anchors, positives, negatives] = [0, 1, 2].map((i) => vectors.subarray(i * third, (i + 1) * third));
      const accuracyOf = (similarity: Similarity): number => {
        const near = rowSimilarities(similarity, anchors, positives, embedder.dimension);
        const far = rowSimilarities(similarity, anchors, negatives, embedder.dimension);
        const least = typeof margin === "number" ? margin : margin[similarity];
        return near.filter((value, i) => value > far[i] + least).length / triplets.length;
      };
      const metrics = Object.fromEntries(names.map((similarity) => [`${similarity}_accuracy`, accuracyOf(similarity)]));
      return { metrics: { ...metrics, max_accuracy: Math.max(...Object.values(metrics)) } };
    },
  });
}

/** The evaluator `triplet`. */
export const tripletEvaluatorPlugin = definePlugin({
  kind: "evaluator",
  name: "triplet",
  summary: "Share of triplets whose positive is nearer than the negative",
  options: z.strictObject({
    data: z.string().describe("rows with positives and negatives, in any layout that training reads"),
    margin: z.number().default(0).describe("by how much the positive has to be nearer"),
    columns: columnsOption,
  }),
  create: async ({ data, margin, columns }, { files }) => createTripletEvaluator(await readTriplets(files, data, columns), { margin }),
});
