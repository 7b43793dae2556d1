// Candidates by shared words: hard negatives that an embedding model finds for itself least.

import { definePlugin } from "@attune/core";
import { bm25Builder, tokenizers, type Bm25 } from "@attune/search";
import { z } from "zod";
import type { CandidateSource, Miner, MinerInput } from "./miner.ts";
import { emptyRanking } from "./ranking.ts";

export interface Bm25MinerOptions {
  k1?: number;
  b?: number;
  tokenizer?: keyof typeof tokenizers;
}

/** Options of the BM25 miner, as a schema. */
export const bm25Options = {
  k1: z.number().min(0).default(0.9).describe("saturation of the term frequency"),
  b: z.number().min(0).max(1).default(0.4).describe("how much the length of a document counts"),
  tokenizer: z.enum(["word", "cjk-bigram"]).default("word").describe("words, or characters and pairs for scripts without spaces"),
};

/** A miner that ranks by BM25; its index is in memory. */
export function createBm25Miner({ k1, b, tokenizer = "word" }: Bm25MinerOptions = {}): Miner {
  return {
    name: "bm25",
    needsVectors: false,
    async open(input) {
      const builder = bm25Builder({ k1, b, tokenize: tokenizers[tokenizer] });
      for await (const piece of input.task.corpus.stream()) {
        input.signal?.throwIfAborted();
        for (const text of piece) builder.add(text);
      }
      return openIndex(builder.build(), input);
    },
  };
}

/** The miner `bm25`. */
export const bm25MinerPlugin = definePlugin({
  kind: "miner",
  name: "bm25",
  summary: "candidates by BM25 over an inverted index",
  options: z.strictObject(bm25Options),
  create: (options) => createBm25Miner(options),
});

function openIndex(index: Bm25, { task, signal }: MinerInput): CandidateSource {
  return {
    async rank(depth) {
      const ranking = emptyRanking(task.queries.length, Math.min(depth, task.corpus.size));
      for (const [query, { text }] of task.queries.entries()) {
        signal?.throwIfAborted();
        for (const [rank, hit] of index.search(text, ranking.width).entries()) {
          ranking.documents[query * ranking.width + rank] = hit.index;
          ranking.scores[query * ranking.width + rank] = hit.score;
        }
      }
      return ranking;
    },
    async score({ queries, documents }) {
      const scores = new Float32Array(queries.length);
      for (const [query, pairs] of Map.groupBy(queries.keys(), (pair) => queries[pair])) {
        const found = index.score(
          task.queries[query].text,
          pairs.map((pair) => documents[pair]),
        );
        pairs.forEach((pair, i) => (scores[pair] = found[i]));
      }
      return scores;
    },
  };
}
