// Candidates by shared words: hard negatives that an embedding model finds for itself least.

import { createPace, definePlugin } from "@attune/core";
import { bm25Builder, tokenizers, type Bm25 } from "@attune/search";
import { z } from "zod";
import type { Miner, MinerInput, PartedSource } from "./miner.ts";
import { emptyRanking, onlyPart, type Ranking } from "./ranking.ts";

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
export function createBm25Miner({ k1, b, tokenizer = "word" }: Bm25MinerOptions = {}): Miner<PartedSource> {
  return {
    name: "bm25",
    needsVectors: false,
    async open(input) {
      const pace = createPace(input.signal);
      const builder = bm25Builder({ k1, b, tokenize: tokenizers[tokenizer] });
      for await (const piece of input.task.corpus.stream()) {
        input.signal?.throwIfAborted();
        if (pace.due) await pace.pause();
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

function openIndex(index: Bm25, { task: { queries, corpus }, signal }: MinerInput): PartedSource {
  const pace = createPace(signal);
  async function* rankParts(depth: number, part: number): AsyncGenerator<Ranking> {
    for (let first = 0; first < queries.length; first += part) {
      const some = queries.slice(first, first + part);
      const ranking = emptyRanking(some.length, Math.min(depth, corpus.size));
      for (const [query, { text }] of some.entries()) {
        signal?.throwIfAborted();
        if (pace.due) await pace.pause();
        for (const [rank, hit] of index.search(text, ranking.width).entries()) {
          ranking.documents[query * ranking.width + rank] = hit.index;
          ranking.scores[query * ranking.width + rank] = hit.score;
        }
      }
      yield ranking;
    }
  }
  return {
    rank: (depth) => onlyPart(rankParts(depth, queries.length)),
    rankParts,
    async score(pairs) {
      const scores = new Float32Array(pairs.queries.length);
      for (const [query, places] of Map.groupBy(pairs.queries.keys(), (place) => pairs.queries[place])) {
        if (pace.due) await pace.pause();
        const found = index.score(
          queries[query].text,
          places.map((place) => pairs.documents[place]),
        );
        places.forEach((place, i) => (scores[place] = found[i]));
      }
      return scores;
    },
  };
}
