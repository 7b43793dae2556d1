import { join } from "node:path";
import type { TextEmbedder } from "@attune/evaluation";
import { expect, test } from "vitest";
import { folderWith } from "../../test/cli.ts";
import { createRegistryWith } from "../built-ins.ts";
import { openRuntime } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { evaluationSets, evaluatorOfSet, recordedSets } from "./evaluation-sets.ts";
import type { EvaluationSet } from "./evaluation-sets.ts";

/** By dot product "p" is nearest to "q", by cosine "n". */
const embedder: TextEmbedder = {
  dimension: 2,
  encode: async (texts) => Float32Array.from(texts.flatMap((text) => (text === "p" ? [10, 10] : [1, 0]))),
};
const place = async (): Promise<Runtime> => openRuntime({ registry: await createRegistryWith([]), device: "typescript" });

test.each([
  ["retrieval", {}],
  ["reranking", {}],
  ["quantized", { precisions: ["int8"] }],
  ["matryoshka", { dims: [2], of: "reranking" }],
])("a model made for the dot product is measured by it, unless it is told otherwise: %s", async (name, options) => {
  await using runtime = await place();
  const path = join(folderWith({ "rows.jsonl": '{"query":"q","pos":["p"],"neg":["n"]}\n' }), "rows.jsonl");
  const primaryOf = async (given: object): Promise<number> => {
    const set = { path, evaluator: [name, given] } as EvaluationSet;
    const { evaluator } = await evaluatorOfSet(set, { ...runtime, similarity: "dot" });
    return (await evaluator.evaluate(embedder))[evaluator.primary];
  };
  expect(await primaryOf(options)).toBe(1);
  expect(await primaryOf({ ...options, similarity: "cosine" })).toBeLessThan(1);
});

test("recorded is what was given, so that a repetition takes the similarity and the cut-offs as the first run did", async () => {
  await using runtime = await place();
  const { context } = runtime;
  const given: EvaluationSet = { path: "b.jsonl", evaluator: ["reranking", { data: "b.jsonl", k: 3 }] };
  const sets = evaluationSets(["reranking:a.jsonl", given], context);
  expect(recordedSets(sets, context, (path) => `/${path}`)).toEqual([
    { path: "/a.jsonl", evaluator: ["reranking", {}] },
    { path: "/b.jsonl", evaluator: ["reranking", { k: 3 }] },
  ]);
});
