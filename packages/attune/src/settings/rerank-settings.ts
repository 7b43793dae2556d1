// What `attune rerank` is asked to do: order documents for one query, or the hits of a run for many.

import { AttuneError } from "@attune/core";
import { z } from "zod";
import { promptSettings } from "./mine-settings.ts";
import { modelSettings } from "./model-settings.ts";
import { traceSetting } from "./trace-setting.ts";

const path = (description: string) => z.string().min(1).optional().describe(description);

/** Every option of `attune rerank`. */
export const rerankSettings = z.strictObject({
  ...modelSettings,
  model: modelSettings.model.describe("a cross-encoder, or an embedding model, which scores by its vectors: a folder, or a hub id"),
  query: z.string().optional().describe("what the documents are ranked for"),
  documents: path("its documents: lines of text, or .jsonl, .csv or .tsv with a text column"),
  column: path("column of the documents that holds the text; text, with a title in front, when left out"),
  run: path("in place of a query: hits to order anew, as TREC (6 columns) or Tevatron (3) write them"),
  data: path("BEIR folder with the queries and documents of the run"),
  depth: z
    .int()
    .positive()
    .optional()
    .describe("the best hits of each query that are scored, 100 when left out; the others keep their order behind them"),
  split: path("qrels of the folder that the run is measured by; test, where the folder has it, when left out"),
  topK: z.int().positive().optional().describe("how many of each query's documents are kept; all when left out"),
  output: path("file for the ranking: JSON lines for a query, a TREC run for a run; on stdout when left out"),
  ...promptSettings,
  ...traceSetting,
});

export type RerankSettings = z.output<typeof rerankSettings>;

/** One of the two tasks. */
export type RerankTask =
  | { readonly kind: "query"; readonly query: string; readonly documents: string; readonly column: string | undefined }
  | { readonly kind: "run"; readonly run: string; readonly data: string; readonly depth: number; readonly split: string | undefined };

/** Decides it. E_OPTION for halves of a task, and for options of the other one. */
export function rerankTask(settings: RerankSettings): RerankTask {
  const { query, documents, column, run, data, depth = 100, split } = settings;
  const forRun = run !== undefined || data !== undefined;
  if (!forRun && query === undefined && documents === undefined) {
    throw wrong("--query", "is missing", "give --query and --documents, or --run and --data");
  }
  const foreign = (forRun ? (["query", "documents", "column"] as const) : (["depth", "split"] as const)).find(
    (key) => settings[key] !== undefined,
  );
  if (foreign) throw wrong(`--${foreign}`, forRun ? "does not go with --run and --data" : "is for --run and --data");
  if (forRun) {
    if (run === undefined) throw wrong("--run", "is missing: --data has the texts of a run's ids");
    if (data === undefined) throw wrong("--data", "is missing: a run has ids alone, and their texts must come from a BEIR folder");
    return { kind: "run", run, data, depth, split };
  }
  if (query === undefined || query.trim() === "")
    throw wrong("--query", query === undefined ? "is missing: what are the documents ranked for?" : "is empty");
  if (documents === undefined) throw wrong("--documents", "is missing: what is ranked?");
  return { kind: "query", query, documents, column };
}

function wrong(place: string, problem: string, hint?: string): AttuneError {
  return new AttuneError({ code: "E_OPTION", place, problem, ...(hint !== undefined && { hint }) });
}
