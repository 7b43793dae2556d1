// Table look-up. Several tables that are summed (tokens, positions, token types) are one op and one pass.
// A table that is a parameter gets its gradient where it accumulates; one row's contributions are added in token order.

import { defineOp } from "../op.ts";
import { expectFloat, expectShape, expectType, shapeError } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { addInto } from "./add-into.ts";
import { add } from "./binary.ts";
import { gather } from "./gather.ts";
import { scatterAdd } from "./scatter.ts";

type Inputs = { tables: readonly Tensor[]; ids: readonly Tensor[] };

export const sumEmbeddingsOp = defineOp<Inputs, { y: Tensor }, object>({
  name: "sumEmbeddings",
  saves: { inputs: ["ids"] },

  infer({ tables, ids }) {
    if (tables.length === 0 || ids.length !== tables.length) {
      throw shapeError("sumEmbeddings", "as many lists of ids as tables, at least one", `${tables.length} tables, ${ids.length} lists`);
    }
    const [{ shape, dtype }] = tables;
    tables.forEach((table, i) => {
      expectShape("sumEmbeddings", `tables[${i}]`, table, ["V", i === 0 ? "C" : shape[1]]);
      if (i === 0) expectFloat("sumEmbeddings", "tables[0]", table);
      else expectType("sumEmbeddings", `tables[${i}]`, table, dtype);
      expectType("sumEmbeddings", `ids[${i}]`, ids[i], "i32");
      expectShape("sumEmbeddings", `ids[${i}]`, ids[i], i === 0 ? ["T"] : ids[0].shape);
    });
    return { y: { shape: [ids[0].shape[0], shape[1]], dtype } };
  },

  // dTable_i[v] = Σ over tokens t with ids_i[t] = v of dy[t]
  vjp: ({ ids }, { dy }, _, sink) => ({
    tables: ids!.map((own, i) => {
      if (!sink.needs("tables", i)) return undefined;
      const leaf = sink.leaf("tables", i);
      if (!leaf) return scatterAdd(dy!, own, { rows: sink.spec("tables", i).shape[0] });
      embeddingGradOp({ ids: own, dy: dy!, dTable: leaf.tensor }, { accumulate: leaf.accumulate });
      return undefined;
    }),
  }),

  decompose: ({ tables, ids }) => ({ y: tables.map((table, i) => gather(table, ids[i])).reduce((total, rows) => add(total, rows)) }),
});

/** dTable[ids[t]] += dy[t]; without `accumulate` dTable is zeroed first. */
export const embeddingGradOp = defineOp<{ ids: Tensor; dy: Tensor; dTable: Tensor }, Record<never, never>, { accumulate: boolean }>({
  name: "embeddingGrad",
  writes: ["dTable"],

  infer({ ids, dy, dTable }) {
    expectType("embeddingGrad", "ids", ids, "i32");
    expectShape("embeddingGrad", "ids", ids, ["T"]);
    expectShape("embeddingGrad", "dTable", dTable, ["V", "C"]);
    expectShape("embeddingGrad", "dy", dy, [ids.shape[0], dTable.shape[1]]);
    expectFloat("embeddingGrad", "dTable", dTable);
    expectType("embeddingGrad", "dy", dy, dTable.dtype);
    return {};
  },

  decompose({ ids, dy, dTable }, attributes) {
    addInto(dTable, scatterAdd(dy, ids, { rows: dTable.shape[0] }), attributes);
    return {};
  },
});

/** y[t] = table[ids[t]]. table [V C] · ids i32 [T] → [T C]; E_TOKEN_ID for an id outside of the table. */
export function embedding(table: Tensor, ids: Tensor): Tensor {
  return sumEmbeddings([table], [ids]);
}

/** y[t] = Σ_i tables[i][ids[i][t]]. tables [V_i C] · ids i32 [T] each → [T C]. */
export function sumEmbeddings(tables: readonly Tensor[], ids: readonly Tensor[]): Tensor {
  return sumEmbeddingsOp({ tables, ids }, {}).y;
}
