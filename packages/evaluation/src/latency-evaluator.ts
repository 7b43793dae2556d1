// How fast a model is on this machine: one text at a time, as a search has them, and many at once, as a corpus has them.

import { AttuneError, definePlugin } from "@attune/core";
import { z } from "zod";
import { createEvaluator, embedAll, type Evaluator } from "./evaluator.ts";
import { openRetrievalSet, type RetrievalSet } from "./retrieval-set.ts";
import { readDocuments } from "@attune/data";
import type { Files } from "@attune/core";

declare module "./evaluator.ts" {
  interface EvaluatorOptions {
    latency: { data: string; split?: string; singles?: number; texts?: number };
  }
}

/** Texts that are measured. */
export interface LatencyTexts {
  readonly queries: readonly string[];
  readonly documents: readonly string[];
}

export interface LatencyOptions {
  /** Queries that are encoded alone. */
  readonly singles?: number;
  /** Documents that are encoded together, at most. */
  readonly texts?: number;
}

/** Texts encoded before the clock starts: memory is mapped and weights are packed by then. */
const WARM = 5;

/**
 * Metrics `texts_per_second` and `tokens_per_second` of documents encoded together, `p50_ms` and `p95_ms` of queries encoded one by one. Primary:
 * the first. Queries are taken in turn where there are fewer than `singles`. E_EMPTY without texts.
 */
export function createLatencyEvaluator(
  { queries, documents }: LatencyTexts,
  { singles = 100, texts = 1000 }: LatencyOptions = {},
): Evaluator {
  if (queries.length === 0 || documents.length === 0)
    throw new AttuneError({ code: "E_EMPTY", place: "latency", problem: "has no texts to encode" });
  const chosen = documents.slice(0, texts);
  return createEvaluator({
    name: "latency",
    metrics: ["texts_per_second", "tokens_per_second", "p50_ms", "p95_ms"],
    primary: "texts_per_second",
    async evaluateQueries(embedder, signal) {
      for (let i = 0; i < WARM; i++) await embedder.encode([queries[i % queries.length]], "query");
      const times: number[] = [];
      for (let i = 0; i < singles; i++) {
        signal?.throwIfAborted();
        const start = performance.now();
        await embedder.encode([queries[i % queries.length]], "query");
        times.push(performance.now() - start);
      }
      await embedder.encode(chosen.slice(0, 64), "document");
      const before = embedder.tokens ?? 0;
      const start = performance.now();
      await embedAll(embedder, chosen, { side: "document", ...(signal && { signal }) });
      const seconds = (performance.now() - start) / 1000;
      times.sort((a, b) => a - b);
      const at = (share: number): number => times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)];
      return {
        metrics: {
          texts_per_second: chosen.length / seconds,
          ...(embedder.tokens !== undefined && { tokens_per_second: (embedder.tokens - before) / seconds }),
          p50_ms: at(0.5),
          p95_ms: at(0.95),
        },
      };
    },
  });
}

/** The evaluator `latency`. */
export const latencyEvaluatorPlugin = definePlugin({
  kind: "evaluator",
  name: "latency",
  summary: "texts and tokens per second in batches, and the milliseconds of a single text (half and 95 of 100 are faster)",
  options: z.strictObject({
    data: z.string().describe("a BEIR folder, or a file of texts: lines, JSON lines, TSV or CSV"),
    split: z.string().default("test").describe("which qrels choose the queries of a folder"),
    singles: z.int().positive().default(100).describe("queries that are encoded one by one"),
    texts: z.int().positive().default(1000).describe("documents that are encoded together, at most"),
  }),
  create: async ({ data, split, ...options }, { files }) =>
    createLatencyEvaluator(await textsOf(files, { data, split }, options.texts), options),
});

async function textsOf(files: Files, { data, split }: { data: string; split: string }, most: number): Promise<LatencyTexts> {
  if ((await files.status(data))?.kind === "folder") {
    const { queries, corpus }: RetrievalSet = await openRetrievalSet(files, { data, split });
    return { queries: [...queries.values()], documents: [...corpus.values()] };
  }
  const texts: string[] = [];
  for await (const { text } of readDocuments(files, data)) {
    texts.push(text);
    if (texts.length >= most) break;
  }
  return { queries: texts, documents: texts };
}
