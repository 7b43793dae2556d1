// What mining is asked to do, as one schema. The selection is that of @attune/mining; here is where vectors and texts come from.

import { AttuneError } from "@attune/core";
import { minedFormats, miningOptions } from "@attune/mining";
import { z } from "zod";
import { choice } from "./choice.ts";
import { indexSetting } from "./index-setting.ts";
import { modelSettings, tokenCacheSetting } from "./model-settings.ts";

const path = (description: string) => z.string().min(1).optional().describe(description);

/** How a model reads the two sides, where a command embeds both. */
export const promptSettings = {
  queryPrompt: z.string().optional().describe("put before queries in place of the model's own prompt"),
  documentPrompt: z.string().optional().describe("put before documents in place of the model's own prompt"),
  batchTokens: z.int().positive().default(8192).describe("tokens in a batch; bounds the memory"),
};

/** Which rows a command reads. */
export const rowSettings = {
  data: z.string().min(1).describe("rows: a JSONL, TSV or CSV file, or a BEIR folder"),
  columns: z.record(z.string(), z.string()).optional().describe("columns of the data: anchor=NAME,positive=NAME,…"),
  split: z.string().optional().describe("which qrels of a BEIR folder; train when left out"),
  skipBadRows: z.boolean().default(false).describe("leave out rows that cannot be used, and count them"),
};

/** Every option of `attune mine`. */
export const mineSettings = z.strictObject({
  ...rowSettings,
  output: z.string().min(1).describe("file for the mined rows, JSON lines"),
  ...modelSettings,
  ...tokenCacheSetting,
  model: path("model that embeds queries and documents: a folder or a hub id"),
  corpus: path("documents: JSONL with text and perhaps title, or a BEIR folder; the texts of the data when left out"),
  queryEmbeddings: path(".npy made elsewhere in place of a model: a vector per row of the data"),
  corpusEmbeddings: path(".npy made elsewhere: a vector per document of the corpus"),
  miner: choice("miner", "dense", "where candidates come from"),
  ...indexSetting,
  ...miningOptions.shape,
  reranker: path("cross-encoder, a folder or a hub id, whose scores replace those of the candidates and positives before the selection"),
  rerankerMaxLength: z.int().positive().optional().describe("tokens of a pair for the reranker; its own limit when left out"),
  report: path("file for an HTML page with counts, margins, scores and suspected answers"),
  format: z.enum(minedFormats).default("flagembedding").describe("form of the output"),
  scores: z.boolean().optional().describe("add scores to the output; flagembedding has them unless --no-scores is given"),
  ...promptSettings,
  cache: path("folder that keeps embeddings, so that a second run with other filters encodes nothing"),
  cacheType: z.enum(["f32", "f16"]).optional().describe("type of the kept embeddings; f32 when left out, f16 takes half the space"),
});

/** With defaults filled in. */
export type MineSettings = z.output<typeof mineSettings>;

/** Where the vectors of a task come from. */
export type VectorsFrom =
  | { readonly from: "model" }
  | { readonly from: "files"; readonly queries: string; readonly corpus: string }
  | { readonly from: "nowhere" };

/** Decides it. E_OPTION for two sources, half a source, none where the miner needs one, and options of a source that is not used. */
export function vectorsFrom(settings: MineSettings, { miner, needed }: { miner: string; needed: boolean }): VectorsFrom {
  const { model, corpus, queryEmbeddings, corpusEmbeddings } = settings;
  const given = queryEmbeddings !== undefined || corpusEmbeddings !== undefined;
  if (model !== undefined && given) throw wrong("--model", "and embeddings made elsewhere are two sources of vectors: give one");
  if (model === undefined) expectNoModelOptions(settings);
  else if (settings.cacheType !== undefined && settings.cache === undefined) throw wrong("--cache-type", "is for --cache");
  if (!needed && (given || model !== undefined)) {
    const place = given ? "--query-embeddings" : "--model";
    throw wrong(place, `is not used by the miner ${miner}`, "give --miner dense or union, or --near-duplicate, which compares embeddings");
  }
  if (!needed) return { from: "nowhere" };
  if (model !== undefined) return { from: "model" };
  if (!given) {
    throw wrong("--model", "is missing", "or give --query-embeddings and --corpus-embeddings, or --miner bm25, which needs no vectors");
  }
  if (queryEmbeddings === undefined) throw wrong("--query-embeddings", "is missing: --corpus-embeddings is half of the vectors");
  if (corpusEmbeddings === undefined) throw wrong("--corpus-embeddings", "is missing: --query-embeddings is half of the vectors");
  if (corpus === undefined) throw wrong("--corpus", "is missing: --corpus-embeddings has its rows in that order");
  return { from: "files", queries: queryEmbeddings, corpus: corpusEmbeddings };
}

function expectNoModelOptions(settings: MineSettings): void {
  const options = { cache: "--cache", cacheType: "--cache-type", maxLength: "--max-length", tokenCache: "--token-cache" } as const;
  const prompts = { queryPrompt: "--query-prompt", documentPrompt: "--document-prompt" } as const;
  for (const [key, flag] of Object.entries({ ...options, ...prompts })) {
    if (settings[key as keyof MineSettings] !== undefined) throw wrong(flag, "is for --model, and none is given");
  }
}

function wrong(place: string, problem: string, hint?: string): AttuneError {
  return new AttuneError({ code: "E_OPTION", place, problem, ...(hint !== undefined && { hint }) });
}
