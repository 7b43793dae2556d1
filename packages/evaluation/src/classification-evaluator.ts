// Label classification: how well a logistic regression on the embeddings tells classes apart.

import { AttuneError, createRandom, definePlugin, show } from "@attune/core";
import type { LabelledText } from "@attune/data";
import { z } from "zod";
import { binaryMetrics } from "./binary-metrics.ts";
import { weightedScores } from "./classification-metrics.ts";
import { createEvaluator, embedAll, type Evaluator } from "./evaluator.ts";
import { labelColumnsOption, readMeasuredTexts } from "./measured-rows.ts";
import { fitLogistic } from "./logistic-regression.ts";

declare module "./evaluator.ts" {
  interface EvaluatorOptions {
    classification: {
      data: string;
      train: string;
      columns?: { text?: string; label?: string };
      perClass?: number;
      experiments?: number;
      c?: number;
      seed?: number;
    };
  }
}

export interface ClassificationOptions {
  readonly name?: string;
  /** Training texts drawn from each class; all of them unless given. MTEB takes 8. */
  readonly perClass?: number;
  /** How often they are drawn; metrics are means. Once unless texts are drawn. MTEB does 10. */
  readonly experiments?: number;
  /** Inverse strength of the regularisation. */
  readonly c?: number;
  readonly seed?: number;
}

/**
 * Trains a logistic regression on the embeddings of `train` and scores it on `test`: accuracy (primary), f1 (macro), f1_weighted, and ap for
 * two classes, of the probability. Semantics of MTEB's classification tasks with sklearn's regression at its optimum.
 * E_LAYOUT with fewer than two classes, or classes to test that were never trained.
 */
export function createClassificationEvaluator(
  train: readonly LabelledText[],
  test: readonly LabelledText[],
  { name = "classification", perClass, experiments = perClass === undefined ? 1 : 10, c = 1, seed = 42 }: ClassificationOptions = {},
): Evaluator {
  const classes = classesOf(train, test);
  const [trainY, testY] = [train, test].map((texts) => texts.map(({ label }) => classes.indexOf(label)));
  return createEvaluator({
    name,
    metrics: ["accuracy", "f1", "f1_weighted", ...(classes.length === 2 ? ["ap"] : [])],
    primary: "accuracy",
    async evaluateQueries(embedder, signal) {
      const { dimension } = embedder;
      const texts = [...train, ...test].map(({ text }) => text);
      const vectors = await embedAll(embedder, texts, { signal });
      const testX = vectors.subarray(train.length * dimension);
      const sums: Record<string, number> = {};
      for (let experiment = 0; experiment < experiments; experiment++) {
        const drawn = perClass === undefined ? trainY.map((_, i) => i) : draw(trainY, perClass, seed + experiment);
        const x = new Float32Array(drawn.length * dimension);
        drawn.forEach((row, i) => x.set(vectors.subarray(row * dimension, (row + 1) * dimension), i * dimension));
        const y = drawn.map((row) => trainY[row]);
        const model = await fitLogistic(x, y, { dimension, classes: classes.length, c, signal });
        const { accuracy, f1_macro, f1 } = weightedScores(testY, model.predict(testX));
        const metrics = {
          accuracy,
          f1: f1_macro,
          f1_weighted: f1,
          ...(classes.length === 2 && { ap: binaryMetrics(model.decide(testX), testY).ap }),
        };
        for (const [metric, value] of Object.entries(metrics)) sums[metric] = (sums[metric] ?? 0) + value / experiments;
      }
      return { metrics: sums };
    },
  });
}

function classesOf(train: readonly LabelledText[], test: readonly LabelledText[]): string[] {
  const numeric = new Intl.Collator("en", { numeric: true });
  const classes = [...new Set(train.map(({ label }) => label))].sort(numeric.compare);
  const place = "classification";
  if (classes.length < 2) {
    throw new AttuneError({ code: "E_LAYOUT", place, expected: "training texts of at least two classes", got: `${classes.length}` });
  }
  const unknown = test.find(({ label }) => !classes.includes(label));
  if (!unknown) return classes;
  const got = `${show(unknown.label)}, which no training text has`;
  throw new AttuneError({ code: "E_LAYOUT", place, expected: "test texts of the classes that were trained", got });
}

/** Up to `perClass` rows of every class, by a seeded shuffle, in their order. */
function draw(labels: readonly number[], perClass: number, seed: number): number[] {
  const random = createRandom(seed, "classification");
  const order = labels.map((label, row) => ({ label, row, at: random.uniform() })).sort((a, b) => a.at - b.at);
  const taken = new Map<number, number>();
  const kept = order.filter(({ label }) => {
    taken.set(label, (taken.get(label) ?? 0) + 1);
    return taken.get(label)! <= perClass;
  });
  return kept.map(({ row }) => row).sort((a, b) => a - b);
}

/** The evaluator `classification`. */
export const classificationEvaluatorPlugin = definePlugin({
  kind: "evaluator",
  name: "classification",
  summary: "Accuracy and F1 of a logistic regression on the embeddings",
  options: z.strictObject({
    data: z.string().describe("test texts with labels: JSONL, TSV or CSV"),
    train: z.string().describe("training texts with labels"),
    columns: labelColumnsOption,
    perClass: z.int().positive().optional().describe("training texts drawn from each class (MTEB: 8); default all"),
    experiments: z.int().positive().optional().describe("how often they are drawn; default 10 when they are"),
    c: z.number().positive().default(1).describe("inverse strength of the regularisation"),
    seed: z.int().nonnegative().default(42).describe("seed of the drawing"),
  }),
  async create({ data, train, columns, ...options }, { files }) {
    const [trainTexts, testTexts] = [await readMeasuredTexts(files, train, columns), await readMeasuredTexts(files, data, columns)];
    return createClassificationEvaluator(trainTexts, testTexts, options);
  },
});
