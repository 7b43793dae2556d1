// What a user may ask of the selection, with the names and defaults of sentence-transformers where it has them.

import { z } from "zod";

const range = z
  .union(
    [
      z
        .string()
        .regex(/^\d+-\d*$/)
        .transform((text) => text.split("-").map((end) => (end === "" ? undefined : Number(end))) as [number, number | undefined]),
      z.tuple([z.int().min(0), z.int().min(1).optional()]),
    ],
    { error: "expected FROM-TO, such as 10-50, or FROM-" },
  )
  .refine(([from, to]) => to === undefined || from < to, "expected FROM to be below TO");

/** The options of `mine`, as a schema. */
export const miningOptions = z.strictObject({
  negatives: z.int().min(1).default(5).describe("negatives per query"),
  semantics: z
    .enum(["sentence-transformers", "flagembedding"])
    .default("sentence-transformers")
    .describe(
      "whether the range counts ranks after (sentence-transformers) or before (flagembedding) positives and filtered candidates are gone",
    ),
  range: range.optional().describe("ranks to take from, from 0, the end not included: 10-50"),
  sampling: z.enum(["top", "random"]).default("top").describe("the best ranked of the range, or a random choice of it"),
  seed: z.int().min(0).default(42).describe("seed of the random choice"),
  absoluteMargin: z.number().min(0).optional().describe("drop candidates that score above the lowest positive minus this"),
  relativeMargin: z.number().min(0).optional().describe("drop candidates that score above the lowest positive minus this part of its size"),
  maxScore: z.number().optional().describe("drop candidates that score higher"),
  minScore: z.number().optional().describe("drop candidates that score lower"),
  nearDuplicate: z.number().min(0).max(1).optional().describe("drop candidates whose cosine with a positive is at least this"),
  perDocument: z.int().min(1).optional().describe("how many queries may have the same document as a negative"),
  includePositives: z.boolean().default(false).describe("leave positives among the candidates, for data that rerankers are measured on"),
  keepQueryText: z
    .boolean()
    .default(false)
    .describe("let a document that is the query itself be a negative, as sentence-transformers does"),
});

/** Options of `mine` as a user writes them. */
export type MiningOptions = z.input<typeof miningOptions>;

/** With every default filled in. */
export type ResolvedMiningOptions = z.output<typeof miningOptions>;

export interface ResolvedRange {
  /** First rank that is taken, from 0. */
  readonly from: number;
  /** The rank after the last one. */
  readonly to: number;
  /** How many candidates of each query are looked at. */
  readonly depth: number;
}

/**
 * The range with its end, and the depth that it needs. Without an end, sentence-transformers' rule: ten times the negatives if a filter may drop
 * some (`minScore` drops none that a longer range would make up for), else as many, and the positives; for `flagembedding` its default, 10 to 210.
 */
export function resolveRange(options: ResolvedMiningOptions, maxPositives: number): ResolvedRange {
  const { negatives, semantics, absoluteMargin, relativeMargin, maxScore, nearDuplicate, perDocument } = options;
  if (semantics === "flagembedding") {
    const [from, to = from + 200] = options.range ?? [10];
    return { from, to, depth: to };
  }
  const mayDrop = [absoluteMargin, relativeMargin, maxScore, nearDuplicate, perDocument].some((limit) => limit !== undefined);
  const spare = mayDrop ? 10 : 1;
  const [from, to = from + spare * negatives + maxPositives] = options.range ?? [0];
  return { from, to, depth: to + maxPositives };
}
