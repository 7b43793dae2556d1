import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { memoryFiles } from "@attune/data";
import { bm25Run } from "@attune/search";
import { expect, test } from "vitest";
import { evaluateRetrieval } from "./retrieval-metrics.ts";
import { readRetrievalSet } from "./retrieval-set.ts";

const shared = process.env.ATTUNE_SHARED ?? fileURLToPath(new URL("../../../../shared", import.meta.url));
const absent = !existsSync(`${shared}/data/scifact`);

test.skipIf(absent)(
  `SciFact test: nDCG@10 0.661${absent ? " (skipped: ../shared is not there; ATTUNE_SHARED may name it)" : ""}`,
  async () => {
    const names = ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"];
    const contents = await Promise.all(
      names.map(async (name) => [`scifact/${name}`, await readFile(`${shared}/data/scifact/${name}`)] as const),
    );
    const set = await readRetrievalSet(memoryFiles(Object.fromEntries(contents)), "scifact");
    expect([set.corpus.size, set.queries.size, [...set.qrels.values()].reduce((sum, judged) => sum + judged.size, 0)]).toEqual([
      5183, 300, 339,
    ]);
    const { means } = evaluateRetrieval(set.qrels, bm25Run(set, 100), { k: [10, 100] });
    expect(Math.abs(means["ndcg@10"] - 0.661)).toBeLessThan(0.003);
  },
);
