import { createRegistry, silentLog, type Context } from "@attune/core";
import { memoryFiles } from "@attune/data";
import { createReferenceBackend } from "@attune/tensor";
import { describe, expect, test } from "vitest";
import type { EvaluatorOptions, TextEmbedder } from "./evaluator.ts";
import { matryoshkaEvaluatorPlugin } from "./matryoshka-evaluator.ts";
import { quantizedEvaluatorPlugin } from "./quantized-evaluator.ts";
import { rerankingEvaluatorPlugin } from "./reranking-evaluator.ts";
import { retrievalEvaluatorPlugin } from "./retrieval-evaluator.ts";
import { similarityOption } from "./similarity-option.ts";
import { stsEvaluatorPlugin } from "./sts-evaluator.ts";
import { tripletEvaluatorPlugin } from "./triplet-evaluator.ts";

/** By dot product "p" is nearest to "q", by cosine "n". */
const embedder: TextEmbedder = {
  dimension: 2,
  encode: async (texts) => Float32Array.from(texts.flatMap((text) => (text === "p" ? [10, 10] : [1, 0]))),
};
const files = memoryFiles({
  "rows.jsonl": '{"query":"q","pos":["p"],"neg":["n"]}\n',
  "scored.tsv": "sentence1\tsentence2\tscore\nq\tp\t1\nq\tn\t2\n",
  "passages.txt": "p\nn\n",
});

async function measure(options: EvaluatorOptions["matryoshka"]): Promise<Record<string, number>> {
  await using registry = createRegistry()
    .use(matryoshkaEvaluatorPlugin)
    .use(retrievalEvaluatorPlugin)
    .use(rerankingEvaluatorPlugin)
    .use(stsEvaluatorPlugin);
  const backend = createReferenceBackend();
  const context = { registry, files, backend, log: silentLog, signal: new AbortController().signal } as unknown as Context;
  return await (await registry.create("evaluator", "matryoshka", options, context)).evaluate(embedder);
}

describe("what the other evaluator takes is passed on", () => {
  test("the similarity, where it takes one", async () => {
    const of = { data: "rows.jsonl", dims: [2], of: "reranking" };
    expect(await measure({ ...of, similarity: "dot" })).toEqual({ "dim2_ndcg@10": 1 });
    expect((await measure(of))["dim2_ndcg@10"]).toBeCloseTo(1 / Math.log2(3), 12);
    expect((await measure({ data: "scored.tsv", dims: [2], similarity: "dot" })).dim2_spearman_cosine).toBeCloseTo(1, 12);
  });

  test("cut-offs and a corpus, beside which a file is retrieval", async () => {
    const got = await measure({ data: "rows.jsonl", dims: [2], corpus: "passages.txt", k: [1], similarity: "dot" });
    expect(got).toEqual({ "dim2_ndcg@1": 1 });
  });

  test("what it does not take is its error", async () => {
    await expect(measure({ data: "scored.tsv", dims: [2], k: [1] })).rejects.toMatchObject({
      code: "E_OPTION",
      sentence: 'evaluator sts has no option "k"',
    });
  });
});

test("evaluators that compare by the similarity of the model, and those that do not", () => {
  const takes = [retrievalEvaluatorPlugin, quantizedEvaluatorPlugin, rerankingEvaluatorPlugin, matryoshkaEvaluatorPlugin];
  for (const plugin of takes) expect(similarityOption(plugin, "dot"), plugin.name).toEqual({ similarity: "dot" });
  for (const plugin of [stsEvaluatorPlugin, tripletEvaluatorPlugin]) expect(similarityOption(plugin, "dot"), plugin.name).toEqual({});
});
