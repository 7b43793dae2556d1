// Trading time for memory: a stretch of the model keeps only its inputs and runs again during backward.

import { walkBackward } from "./backward.ts";
import { engineOf, erase } from "./op.ts";
import type { OpDefinition } from "./op.ts";
import { isFloat } from "./dtype.ts";
import { Parameter } from "./parameter.ts";
import { Tape } from "./tape.ts";
import type { Tensor } from "./tensor.ts";

type Stretch = (...inputs: Tensor[]) => Tensor;

const checkpointOp: OpDefinition<{ inputs: readonly Tensor[] }, { y: Tensor }, { fn: Stretch }> = {
  name: "checkpoint",
  saves: { inputs: ["inputs"] },
  infer: ({ inputs }) => ({ y: inputs[0] }),

  vjp({ inputs }, { dy }, { fn }) {
    const engine = dy!.engine;
    const leaves = inputs!.map((input) => (isFloat(input.dtype) ? new Parameter("checkpoint", input) : undefined));
    const tape = new Tape();
    try {
      const again = engine.withTape(tape, () => fn(...inputs!.map((input, i) => leaves[i]?.value ?? input)));
      if (again.origin) engine.noGradient(() => walkBackward(engine, tape, again, dy!)); // else it depends on nothing that is trained
    } finally {
      tape.clear();
      for (const leaf of leaves) if (leaf?.gradient) engine.adopt(leaf.gradient);
    }
    return { inputs: leaves.map((leaf) => leaf?.gradient) };
  },
};

/**
 * Runs `fn(...inputs)` keeping only the inputs, and runs it again during backward. `fn` must be a pure function of its inputs, of
 * parameters, and of counter-based random numbers; it must not read anything that changes in between.
 * @see Chen et al. 2016, arXiv:1604.06174
 */
export function checkpoint(fn: Stretch, ...inputs: Tensor[]): Tensor {
  const engine = engineOf("checkpoint", { inputs });
  const { result, met } = engine.observingParameters(() => engine.recomputed(() => engine.scope(() => fn(...inputs))));
  return engine.record(erase(checkpointOp), { inputs }, { fn }, { y: result }, met).y;
}
