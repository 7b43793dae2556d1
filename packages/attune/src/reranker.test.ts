// Cross-encoders from code, as a program uses them.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { tinyModel } from "../test/cli.ts";
import { createAttune } from "./index.ts";

const golden = new URL("../../../fixtures/golden/", import.meta.url).pathname;

test("what is no pair, no list or no count is said, and a disposed one", async () => {
  await using attune = createAttune({ device: "typescript" });
  using reranker = await attune.reranker(`${golden}st/cross-encoder-legacy`);
  const wrong = { code: "E_TEXT" };
  for (const pairs of [["query text", "document text"], [["a"]], [["a", "b", "c"]], [[undefined, "b"]], "text"])
    await expect(reranker.score(pairs as never)).rejects.toMatchObject(wrong);
  await expect(reranker.rank(undefined as never, ["doc"])).rejects.toMatchObject(wrong);
  await expect(reranker.rank("q", "doc" as never)).rejects.toMatchObject(wrong);
  for (const topK of [-1, 0, NaN, 1.5]) await expect(reranker.rank("q", ["doc"], { topK })).rejects.toMatchObject({ code: "E_OPTION" });
  reranker[Symbol.dispose]();
  await expect(reranker.score([["a", "b"]])).rejects.toMatchObject({ code: "E_CLOSED" });
});

test("a cross-encoder scores pairs and ranks documents", async () => {
  const path = `${golden}st-cases/cross-encoder-legacy/case.json`;
  const { pairs, predict } = JSON.parse(readFileSync(path, "utf8")) as { pairs: [string, string][]; predict: number[] };
  await using attune = createAttune({ device: "typescript" });
  using reranker = await attune.reranker(`${golden}st/cross-encoder-legacy`);
  const scores = await reranker.score(pairs);
  expect(reranker.labels).toEqual(["LABEL_0"]);
  scores.forEach((score, i) => expect(score).toBeCloseTo(predict[i], 6));
  const [query, document] = pairs[0];
  const [best, ...others] = await reranker.rank(query, ["no", document], { topK: 1 });
  expect(others).toEqual([]);
  expect(best.index === 1 ? best.score : scores[0]).toBe(scores[0]);
  await expect(attune.reranker(tinyModel)).rejects.toMatchObject({ code: "E_MODEL_FOLDER" });
});
