// The real files beside the repository: every layout in use must be read without a bad row.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { memoryFiles } from "./memory-files.ts";
import { fingerprintRows } from "./fingerprint.ts";
import { holdOut } from "./hold-out.ts";
import { planBatches } from "./plan-batches.ts";
import { randomSampler } from "./random-sampler.ts";
import { loadRows, type LoadedRows } from "./load-rows.ts";

const folder = process.env.ATTUNE_SHARED ?? fileURLToPath(new URL("../../../../shared", import.meta.url));
const absent = !existsSync(`${folder}/data/scifact`);

async function load(...paths: string[]): Promise<LoadedRows> {
  const contents = await Promise.all(paths.map(async (path) => [path, await readFile(`${folder}/data/${path}`)] as const));
  return loadRows(memoryFiles(Object.fromEntries(contents)), paths.length === 1 ? paths[0] : paths[0].split("/")[0]);
}

describe.skipIf(absent)(
  `files of ${absent ? "../shared (skipped: the folder is not there; ATTUNE_SHARED may name it)" : "../shared"}`,
  () => {
    test.each([
      ["flagembedding/embedder/retrieval/msmarco.jsonl", 10, "flag-embedding"],
      ["flagembedding/embedder/sts/sts.jsonl", 10, "flag-embedding"],
      ["flagembedding/embedder/clustering-no_in_batch_neg/arXiv_title.jsonl", 10, "flag-embedding"],
      ["flagembedding/old/finetune/toy_finetune_data.jsonl", 10, "flag-embedding"],
      ["flagembedding/llara/toy_finetune_data.jsonl", 11, "flag-embedding"],
      ["rag-retrieval/t2rank_100.jsonl", 100, "flag-embedding"],
      ["rag-retrieval/t2rank_100.distill.standard.jsonl", 100, "flag-embedding"],
      ["rag-retrieval/t2rank_100.distill.jsonl", 2005, "columns"],
      ["rag-retrieval/lmsft.jsonl", 2, "flag-embedding"],
      ["text2vec/bge_finetune_data.jsonl", 2701, "flag-embedding"],
      ["text2vec/STS-B-zh/STS-B.test.data", 1361, "columns"],
      ["medquad/pairs.jsonl", 16407, "columns"],
    ])("%s has %i rows", async (path, count, layout) => {
      const { rows, bad, format } = await load(path);
      expect({ rows: rows.length, bad: bad.count, layout: format.layout }).toEqual({ rows: count, bad: 0, layout });
    });

    test("SciFact: 809 queries with 919 positives, 29 steps of 32", async () => {
      const { rows } = await load("scifact/corpus.jsonl", "scifact/queries.jsonl", "scifact/qrels/train.tsv");
      expect(rows).toHaveLength(809);
      const plan = planBatches(rows, { sampler: randomSampler, batchSize: 32, epochs: 1, seed: 1 });
      expect(plan.steps).toBe(29);
      expect([...plan.from()].reduce((sum, { examples }) => sum + examples.length, 0)).toBe(919);
      expect(rows[0]).toMatchObject({
        id: "0",
        anchor: "0-dimensional biomaterials lack inductive properties.",
        positives: [{ id: "31715818" }],
      });
      expect(fingerprintRows(rows)).not.toBe(fingerprintRows(rows.slice(1)));
      expect(holdOut(rows, 0.05, 1).heldOut.length).toBe(40);
    });
  },
);
