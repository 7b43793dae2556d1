import type { Evaluation, PairedComparison } from "@attune/evaluation";
import { expect, test } from "vitest";
import { changedQueries } from "./changed-queries.ts";

test("what either model found first, where the set has it", () => {
  const set = { queries: new Map([["q", "why?"]]), corpus: new Map([["d", "because"]]), qrels: new Map([["q", new Map([["d", 1]])]]) };
  const found = (document: string): Evaluation => ({ metrics: {}, run: new Map([["q", [{ document, score: 1 }]]]), set });
  const compared = { changes: [{ query: "q", base: 0, tuned: 1 }], wins: 1, losses: 0 } as unknown as PairedComparison;
  const { wins, losses } = changedQueries(compared, { before: found("of another set"), after: found("d") }, 5);
  expect(wins).toEqual([{ query: "why?", before: 0, after: 1, firstAfter: { text: "because", right: true } }]);
  expect(losses).toEqual([]);
});
