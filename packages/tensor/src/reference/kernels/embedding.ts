// Table look-up and its gradient as plain loops.

import { AttuneError } from "@attune/core";
import type { Kernel } from "../../backend.ts";
import { embeddingGradOp, sumEmbeddingsOp } from "../../ops/embedding.ts";
import type { Tensor } from "../../tensor.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";

export const embeddingKernels: Readonly<Record<string, Kernel>> = {
  sumEmbeddings: kernelOf(sumEmbeddingsOp, ({ tables, ids }, { y }) => {
    const [tokens, width] = y.shape;
    const result = valuesOf(y);
    for (let t = 0; t < tokens; t++) {
      const sums = new Float64Array(width); // [C]
      tables.forEach((table, i) => {
        const from = rowOf(table, ids[i], t) * width;
        const values = valuesOf(table);
        for (let c = 0; c < width; c++) sums[c] += values[from + c];
      });
      result.set(sums, t * width);
    }
  }),

  embeddingGrad: kernelOf(embeddingGradOp, ({ ids, dy, dTable }, _, { accumulate }) => {
    const width = dTable.shape[1];
    const [dys, sums] = [valuesOf(dy), valuesOf(dTable)];
    if (!accumulate) sums.fill(0);
    for (let t = 0; t < ids.size; t++) {
      const to = rowOf(dTable, ids, t) * width;
      for (let c = 0; c < width; c++) sums[to + c] += dys[t * width + c];
    }
  }),
};

/** The table row of token t; E_TOKEN_ID when there is none. */
function rowOf(table: Tensor, ids: Tensor, t: number): number {
  const id = valuesOf(ids)[t];
  if (id >= 0 && id < table.shape[0]) return id;
  throw new AttuneError({
    code: "E_TOKEN_ID",
    place: `token ${t}`,
    expected: `an id below ${table.shape[0]}, the rows of the table`,
    got: String(id),
  });
}
