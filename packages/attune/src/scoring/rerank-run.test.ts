import { expect, test } from "vitest";
import { rerankRun } from "./rerank-run.ts";

const ids = ["a", "b", "c", "d", "e"];
const texts = new Map(ids.map((id) => [id, id]));

test("the first hits are scored anew, the others keep their order behind them, equal scores theirs", async () => {
  const scores = [0.9, 0.8, 0.7, 0.7, 0.1];
  const run = new Map([["q", ids.map((document, i) => ({ document, score: scores[i] }))]]);
  const asked: string[] = [];
  const score = async (pairs: readonly { document: string }[]) => pairs.map(({ document }) => (asked.push(document) === 1 ? -4 : 5));
  const reranked = await rerankRun({ run, depth: 2, queries: new Map([["q", "q"]]), documents: texts }, score);
  expect(asked).toEqual(["a", "b"]);
  expect(reranked.get("q")).toEqual([
    { document: "b", score: 5 },
    { document: "a", score: -4 },
    { document: "c", score: -5 },
    { document: "d", score: -5 },
    { document: "e", score: -6 },
  ]);
});
