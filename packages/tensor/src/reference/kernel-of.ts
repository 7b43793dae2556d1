// How the reference writes a kernel: a plain function of an op's inputs, outputs and attributes, typed by the op itself.

import type { Kernel } from "../backend.ts";
import type { Inputs, OpDefinition, Outputs } from "../op.ts";

/** The kernel that runs `run` at once. */
export function kernelOf<I extends Inputs, O extends Outputs, A extends object>(
  _op: OpDefinition<I, O, A>,
  run: (inputs: I, outputs: O, attributes: A) => void,
): Kernel {
  return { run: ({ inputs, outputs, attributes }) => run(inputs as unknown as I, outputs as unknown as O, attributes as unknown as A) };
}
