// Bitext mining: each text of one language has to find its translation among all texts of the other.

import { definePlugin, type Files } from "@attune/core";
import { textOf } from "@attune/data";
import { exactSearch, normalizeRows } from "@attune/search";
import { Engine } from "@attune/tensor";
import { z } from "zod";
import { weightedScores } from "./classification-metrics.ts";
import { createEvaluator, embedAll, type Evaluator } from "./evaluator.ts";
import { columnsOption, readMeasuredRows } from "./measured-rows.ts";

declare module "./evaluator.ts" {
  interface EvaluatorOptions {
    bitext: { data: string; columns?: Record<string, string> };
  }
}

export interface Translation {
  readonly source: string;
  readonly target: string;
}

/** The first positive of every row is its translation. Errors as in `loadRows`. */
export async function readTranslations(files: Files, path: string, columns?: Readonly<Record<string, string>>): Promise<Translation[]> {
  const rows = await readMeasuredRows(files, path, columns);
  return rows.map(({ anchor, positives }) => ({ source: anchor, target: textOf(positives[0]) }));
}

/**
 * Nearest target by cosine for every source: accuracy, and precision, recall and F1 weighted over the targets, as MTEB's bitext mining counts
 * them; `reverse_accuracy` from targets to sources. Primary: F1.
 */
export function createBitextEvaluator(
  pairs: readonly Translation[],
  { engine, name = "bitext" }: { engine: Engine; name?: string },
): Evaluator {
  return createEvaluator({
    name,
    metrics: ["accuracy", "f1", "precision", "recall", "reverse_accuracy"],
    primary: "f1",
    async evaluateQueries(embedder, signal) {
      const texts = [...pairs.map(({ source }) => source), ...pairs.map(({ target }) => target)];
      const vectors = normalizeRows(await embedAll(embedder, texts, { signal }), embedder.dimension); // [2N D]
      const [sources, targets] = [vectors.subarray(0, vectors.length / 2), vectors.subarray(vectors.length / 2)];
      const options = { k: 1, dimension: embedder.dimension, signal };
      const { index: found } = await exactSearch(engine, sources, targets, options); // [N]
      const { index: back } = await exactSearch(engine, targets, sources, options);
      const { accuracy, f1, precision, recall } = weightedScores(
        pairs.map((_, i) => i),
        found,
      );
      const reverse = back.filter((row, i) => row === i).length / pairs.length;
      return { metrics: { accuracy, f1, precision, recall, reverse_accuracy: reverse } };
    },
  });
}

/** The evaluator `bitext`. */
export const bitextEvaluatorPlugin = definePlugin({
  kind: "evaluator",
  name: "bitext",
  summary: "Finding each text's translation among all of them",
  options: z.strictObject({
    data: z.string().describe("rows of a text and its translation"),
    columns: columnsOption,
  }),
  create: async ({ data, columns }, { files, backend }) =>
    createBitextEvaluator(await readTranslations(files, data, columns), { engine: new Engine(backend) }),
});
