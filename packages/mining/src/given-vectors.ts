// Embeddings that were made elsewhere, one per row of the data and one per document of the corpus.

import { AttuneError } from "@attune/core";
import type { TaskVectors } from "./miner.ts";
import { expectNothingAppended, type MiningTask } from "./task.ts";
import type { VectorSource } from "./vectors.ts";

/**
 * The vectors of a task, from those of its rows (of which the first one that asks a query counts) and those of its corpus, in their order.
 * E_VECTORS when numbers or widths differ, or when the corpus lacks a positive.
 */
export async function givenVectors(task: MiningTask, queries: VectorSource, documents: VectorSource): Promise<TaskVectors> {
  expectNothingAppended(task);
  expectEqual("query embeddings", `${task.rows} vectors, one per row of the data`, [task.rows, queries.rows]);
  expectEqual("corpus embeddings", `${task.corpus.size} vectors, one per document of the corpus`, [task.corpus.size, documents.rows]);
  expectEqual("query embeddings", `${documents.dimension} dimensions, as those of the corpus`, [documents.dimension, queries.dimension]);
  return {
    queries: await queries.gather(task.queries.map(({ rowNumber }) => rowNumber)),
    documents,
  };
}

function expectEqual(place: string, expected: string, [wanted, got]: readonly [number, number]): void {
  if (wanted !== got) throw new AttuneError({ code: "E_VECTORS", place, expected, got: String(got) });
}
