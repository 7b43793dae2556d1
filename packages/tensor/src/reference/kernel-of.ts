// How the reference writes a kernel: a plain function of an op's inputs, outputs and attributes, typed by the op itself.

import { roundToBfloat16, toBfloat16 } from "../bfloat16.ts";
import type { Kernel, Operand } from "../backend.ts";
import type { Inputs, OpDefinition, Outputs } from "../op.ts";
import { Storage, Tensor } from "../tensor.ts";
import { bitsOf, valuesOf } from "./memory.ts";
import type { BufferSlot } from "./memory.ts";

/**
 * The kernel that runs `run` at once. bf16 needs no kernel of its own: inputs are read widened, and what `run` writes it writes in f32; it is
 * rounded afterwards. What is rounded on the way is the kernel's business (`rounding`).
 */
export function kernelOf<I extends Inputs, O extends Outputs, A extends object>(
  { writes = [] }: OpDefinition<I, O, A>,
  run: (inputs: I, outputs: O, attributes: A) => void,
): Kernel {
  return {
    run({ inputs, outputs, attributes }) {
      const narrow: { tensor: Tensor; wide: Tensor }[] = [];
      const wideOf = (tensor: Tensor): Tensor => {
        if (tensor.dtype !== "bf16") return tensor;
        const wide = inSingle(tensor);
        narrow.push({ tensor, wide });
        return wide;
      };
      const written = Object.fromEntries(writes.map((name) => [name, mapTensors(inputs[name], wideOf)]));
      const results = Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, wideOf(tensor)]));
      run({ ...inputs, ...written } as unknown as I, results as unknown as O, attributes as unknown as A);
      for (const { tensor, wide } of narrow) bitsOf(tensor).set(toBfloat16(valuesOf(wide)));
    },
  };
}

/** What a number becomes where it is read in the type of `tensor`: rounded, or itself. */
export function rounding(tensor: { readonly dtype: Tensor["dtype"] }): (x: number) => number {
  return tensor.dtype === "bf16" ? roundToBfloat16 : (x) => x;
}

/** The values of a bf16 tensor in f32, in memory of their own. */
function inSingle(tensor: Tensor): Tensor {
  const { buffer } = Float32Array.from(valuesOf(tensor));
  const slot: BufferSlot = { bytes: buffer.byteLength, buffer };
  return new Tensor(new Storage(tensor.engine, slot), { shape: tensor.shape, dtype: "f32" });
}

function mapTensors(operand: Operand, fn: (tensor: Tensor) => Tensor): Operand {
  if (operand === undefined) return undefined;
  return operand instanceof Tensor ? fn(operand) : operand.map(fn);
}
