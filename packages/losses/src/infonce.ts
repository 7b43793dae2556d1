// InfoNCE, the contrastive loss that most embedding models are trained with. Masks are made on the host, from indices; −∞ takes a score out.

import { add, concat, gather, l2Normalize, matmul, mean, mul, scale, softmaxCrossEntropy, whereMasked } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { z } from "zod";
import { defineLoss } from "./loss.ts";
import type { BatchWith, LossRequirements } from "./loss.ts";
import { maskWhere } from "./masks.ts";
import type { Where } from "./masks.ts";

const directions = ["query-to-doc", "query-to-query", "doc-to-query", "doc-to-doc"] as const;
const hardnessModes = ["none", "in-batch-negatives", "hard-negatives", "all-negatives"] as const;

/** What InfoNCE reads of a batch. */
export const infonceNeeds = ["candidates", "targets", "groups"] as const;

/** The options of InfoNCE one by one, for losses that fix some of them. */
export const infonceFields = z.strictObject({
  temperature: z.number().positive().default(0.02).describe("divides the scores; smaller is sharper"),
  similarity: z.enum(["cosine", "dot"]).default("cosine").describe("score of two embeddings"),
  negatives: z
    .enum(["in-batch", "group", "own-positive-and-all-hard"])
    .default("in-batch")
    .describe("candidates of a row: all of the batch, its own group, or its positive and everybody's hard negatives"),
  directions: z.array(z.enum(directions)).min(1).default(["query-to-doc"]).describe("which similarities enter; query-to-doc always does"),
  partition: z.enum(["joint", "per-direction"]).default("joint").describe("one softmax over all directions, or the mean of one each"),
  hardness: z
    .enum(hardnessModes)
    .default("none")
    .describe("negatives whose score is raised by hardnessStrength times their own similarity"),
  hardnessStrength: z.number().min(0).default(0).describe("strength of the hardness weighting"),
  margin: z.number().min(0).default(0).describe("subtracted from the positive's similarity"),
});
const options = infonceFields.superRefine((chosen, { addIssue }) => {
  const conflict = conflictIn(chosen);
  if (conflict) addIssue({ code: "custom", ...conflict });
});
type Options = z.output<typeof infonceFields>;
type Batch = BatchWith<(typeof infonceNeeds)[number]>;

/**
 * Each anchor against every candidate of the batch: its own positive, its negatives, and those of the other rows.
 *
 *     scores = anchor · candidatesᵀ / temperature                   [B M]; excluded pairs become −∞
 *     loss   = mean_i ( logsumexp(scores[i]) − scores[i, targets[i]] )
 *
 * A margin is subtracted from the similarity of each anchor and its positive, in every direction that holds it.
 * Semantics of FlagEmbedding (`in-batch` = use_inbatch_neg, `group` = no_in_batch_neg), of sentence-transformers
 * MultipleNegativesRankingLoss (scale = 1 / temperature; directions, partition, hardness), of PaddleNLP's additive margin, and of EmbedRAG
 * and RAG-Retrieval (`own-positive-and-all-hard`).
 * @see Oord et al. 2018, arXiv:1807.03748
 */
export const infonce = defineLoss({
  name: "infonce",
  summary: "contrastive loss over in-batch and hard negatives",
  options,
  needs: infonceNeeds,
  requires: infonceRequires,
  compute: infonceLoss,
});

/** What rows must bring; other directions than query-to-doc compare the rows of a batch in any case. */
export function infonceRequires({ negatives, directions: chosen }: Pick<Options, "negatives" | "directions">): LossRequirements {
  const origins = { "in-batch": "in-batch", group: "own", "own-positive-and-all-hard": "hard" } as const;
  return { negatives: chosen.length > 1 ? "in-batch" : origins[negatives] };
}

/** The loss of `infonce`, for whoever fixes some of its options: a scalar. */
export function infonceLoss(batch: Batch, chosen: Options): Tensor {
  const unit = chosen.similarity === "cosine" ? (x: Tensor) => l2Normalize(x) : (x: Tensor) => x;
  const anchor = unit(batch.anchor); // [B D]
  const candidates = unit(batch.candidates); // [M D]
  const main = mainScores(anchor, candidates, batch, chosen); // [B M]
  const { engine } = anchor;
  const targets = engine.from(batch.targets);
  const others = chosen.directions
    .filter((direction) => direction !== "query-to-doc")
    .map((direction) => otherScores(direction, anchor, candidates, { batch, chosen }));
  if (others.length === 0) return mean(softmaxCrossEntropy(main, targets));
  if (chosen.partition === "joint") return mean(softmaxCrossEntropy(concat([main, ...others], { axis: 1 }), targets));
  const diagonal = engine.from(Int32Array.from(batch.targets, (_, i) => i));
  const backward = others.map((scores) => mean(softmaxCrossEntropy(scores, diagonal)));
  return scale([mean(softmaxCrossEntropy(main, targets)), ...backward].reduce(add), 1 / (others.length + 1));
}

/** Anchor against candidates, with margin, hardness and exclusions. [B M] */
function mainScores(anchor: Tensor, candidates: Tensor, batch: Batch, chosen: Options): Tensor {
  const { engine } = anchor;
  const { targets, groups } = batch;
  const { temperature, hardness, hardnessStrength } = chosen;
  const plain = matmul(anchor, candidates, { transB: true, alpha: 1 / temperature });
  let scores = lessMargin(plain, (i, j) => j === targets[i], chosen);
  if (hardness !== "none") {
    const hardened = onesWhere(scores, (i, j) => isHardened(hardness, groups[j] === i, j === targets[i]));
    const similarity = engine.noGradient(() => matmul(anchor, candidates, { transB: true, alpha: hardnessStrength }));
    scores = add(scores, mul(similarity, hardened));
  }
  return masked(scores, notNegative(batch, chosen));
}

/** Scores in which the positive's similarity is lowered by the margin. */
function lessMargin(scores: Tensor, isPositive: Where, { margin, temperature }: Options): Tensor {
  return margin === 0 ? scores : add(scores, scale(onesWhere(scores, isPositive), -margin / temperature));
}

/** 1 where `where(row, column)`, else 0, as many as there are scores. */
function onesWhere({ engine, shape, dtype }: Tensor, where: Where): Tensor {
  return engine.from(Float32Array.from(maskWhere(shape, where)), shape, dtype);
}

/** Which candidates play no part for a row: excluded ones, and those that `negatives` leaves out. Never its positive. */
function notNegative(batch: Batch, { negatives }: Options): Where {
  const { targets, groups } = batch;
  const excluded = excludedIn(batch);
  const positives = new Set(negatives === "own-positive-and-all-hard" ? targets : []);
  return (i, j) => j !== targets[i] && (excluded(i, j) || (negatives === "group" && groups[j] !== i) || positives.has(j));
}

function isHardened(mode: Exclude<Options["hardness"], "none">, own: boolean, positive: boolean): boolean {
  if (positive) return false;
  return mode === "all-negatives" || (mode === "hard-negatives" ? own : !own);
}

/**
 * The scores that the other directions add. A text is never its own negative, nor are documents of the same row, nor what is excluded: where
 * document j must not count against query i, query i does not count against document j, nor query i against a query whose positive j is. [B ·]
 */
function otherScores(
  direction: Exclude<(typeof directions)[number], "query-to-doc">,
  anchor: Tensor,
  candidates: Tensor,
  { batch, chosen }: { batch: Batch; chosen: Options },
): Tensor {
  const { targets, groups } = batch;
  const alpha = 1 / chosen.temperature;
  const excluded = excludedIn(batch);
  const positives = (): Tensor => gather(candidates, anchor.engine.from(targets)); // [B D]
  switch (direction) {
    case "query-to-query":
      return masked(matmul(anchor, anchor, { transB: true, alpha }), (i, k) => i === k || excluded(i, targets[k])); // [B B]
    case "doc-to-query": {
      const scores = lessMargin(matmul(positives(), anchor, { transB: true, alpha }), (i, k) => i === k, chosen);
      return masked(scores, (i, k) => i !== k && excluded(k, targets[i])); // [B B]
    }
    case "doc-to-doc":
      return masked(matmul(positives(), candidates, { transB: true, alpha }), (i, j) => groups[j] === i || excluded(i, j)); // [B M]
    default:
      throw new Error(`unknown direction ${String(direction satisfies never)}`);
  }
}

/** −∞ where `where(row, column)`. */
function masked(scores: Tensor, where: Where): Tensor {
  const mask = maskWhere(scores.shape, where);
  return whereMasked(scores, mask.includes(1) ? scores.engine.from(mask, scores.shape) : undefined, -Infinity);
}

function excludedIn({ exclude, groups }: Batch): Where {
  return (i, j) => exclude?.[i * groups.length + j] === 1;
}

/** What two options say against each other. */
function conflictIn({
  negatives,
  directions: chosen,
  partition,
  hardness,
  hardnessStrength,
}: Options): { path: string[]; message: string } | undefined {
  if (!chosen.includes("query-to-doc")) return { path: ["directions"], message: "lacks query-to-doc, which holds the positive" };
  if (new Set(chosen).size < chosen.length) return { path: ["directions"], message: "names a direction twice" };
  const sameSide = chosen.find((direction) => direction === "query-to-query" || direction === "doc-to-doc");
  if (partition === "per-direction" && sameSide) {
    return { path: ["partition"], message: `cannot be used with ${sameSide}, which holds no positive; use "joint"` };
  }
  if (hardness === "none" && hardnessStrength > 0) return { path: ["hardnessStrength"], message: 'does nothing with hardness "none"' };
  if (hardness !== "none" && hardnessStrength === 0) return { path: ["hardness"], message: "does nothing with hardnessStrength 0" };
  if (hardness === "in-batch-negatives" && negatives === "group")
    return { path: ["hardness"], message: 'raises the scores of other rows\' candidates, which negatives "group" leaves out' };
  return undefined;
}
