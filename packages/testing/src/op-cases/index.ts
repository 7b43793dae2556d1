// All op cases with what the reference gives for them in double. A new op needs an entry in a table of this folder: a test fails without.

import { opTable } from "@attune/tensor";
import type { AnyOp } from "@attune/tensor";
import { narrowTolerance, toleranceOf, widened } from "../tolerances.ts";
import type { Tolerance } from "../tolerances.ts";
import { linearCases, matmulCases } from "./dense.ts";
import { Draw } from "./draw.ts";
import type { CaseInput, CaseTable } from "./draw.ts";
import { binaryCases, unaryCases } from "./elementwise.ts";
import { isNarrow } from "./format.ts";
import type { OpCase } from "./format.ts";
import { createForward, presentOnly } from "./forward.ts";
import { attentionCases, attentionGradCases, embeddingCases, memoryCases, optimizerCases } from "./model.ts";
import { normCases, normGradCases } from "./norms.ts";
import { indexCases, moveCases, reduceCases } from "./shape-ops.ts";
import { crossEntropyCases, segmentCases, softmaxCases, softmaxGradCases } from "./softmax.ts";

/** The op and its cases. */
export interface OpCases {
  readonly op: AnyOp;
  readonly cases: readonly OpCase[];
}

/** Cases of every op of the table, in its order. */
export function opCases(): readonly OpCases[] {
  const { forward } = createForward();
  return completeCases({
    ...{ ...unaryCases, ...binaryCases, ...reduceCases, ...moveCases, ...indexCases },
    ...{ ...softmaxCases, ...crossEntropyCases, ...softmaxGradCases(forward), ...segmentCases },
    ...{ ...matmulCases, ...linearCases, ...normCases, ...normGradCases(forward) },
    ...{ ...embeddingCases, ...attentionCases, ...attentionGradCases(forward), ...optimizerCases, ...memoryCases },
  });
}

/** A table's cases with what the reference gives for them; `site` separates their random inputs from those of other tables. */
export function completeCases(tables: CaseTable, site = ""): readonly OpCases[] {
  const { run } = createForward();
  const complete = (op: AnyOp, input: CaseInput): OpCase => {
    const { name, attributes = {}, terms = 1, widen = 1, gradient = "smooth" } = input;
    const outputs = run(op, input);
    const narrow = isNarrow(input) && !input.exact;
    return {
      name,
      attributes,
      inputs: presentOnly(input.inputs),
      outputs,
      tolerance: rounded(widened(narrow ? narrowTolerance(largestOf(outputs)) : toleranceOf("f32", terms), widen)),
      gradient: op.vjp ? gradient : "none",
    };
  };
  return opTable.map((op) => ({ op, cases: (tables[op.name]?.(new Draw(op.name + site)) ?? []).map((input) => complete(op, input)) }));
}

/** The largest size of a float among the results. */
function largestOf(outputs: OpCase["outputs"]): number {
  const floats = Object.values(outputs)
    .flat()
    .filter(({ dtype }) => dtype === "f32" || dtype === "bf16");
  return floats
    .flatMap(({ data }) => data)
    .reduce((largest, value) => (Number.isFinite(value) ? Math.max(largest, Math.abs(value)) : largest), 0);
}

/** Two digits are enough for a tolerance. */
const rounded = ({ absolute, relative }: Tolerance): Tolerance => ({
  absolute: Number(absolute.toPrecision(2)),
  relative: Number(relative.toPrecision(2)),
});
