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
  const again = "embed them again; rows that were left out, or come in another order, make every negative wrong";
  expectEqual(task.rows, queries.rows, { place: "query embeddings", unit: "vectors, one per row of the data", hint: again });
  expectEqual(task.corpus.size, documents.rows, {
    place: "corpus embeddings",
    unit: "vectors, one per document of the corpus",
    hint: again,
  });
  expectEqual(documents.dimension, queries.dimension, {
    place: "query embeddings",
    unit: "dimensions, as those of the corpus",
    hint: "embed both with the same model",
  });
  return {
    queries: await queries.gather(task.queries.map(({ rowNumber }) => rowNumber)),
    documents,
  };
}

function expectEqual(wanted: number, got: number, { place, unit, hint }: { place: string; unit: string; hint: string }): void {
  if (wanted !== got) throw new AttuneError({ code: "E_VECTORS", place, expected: `${wanted} ${unit}`, got: String(got), hint });
}
