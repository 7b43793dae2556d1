// For proving that the gate sees: ATTUNE_SLOW_KERNEL=linear makes that kernel's work happen twice. Benchmarks read it, attune never does.

import { opTable } from "@attune/tensor";
import type { Backend, Kernel } from "@attune/tensor";

/** The backend with the named kernel slowed, or as it is when the variable is not set. */
export function withSlowKernel(backend: Backend): Backend {
  const name = process.env.ATTUNE_SLOW_KERNEL;
  if (!name) return backend;
  const kernel = backend.kernels[name];
  const op = opTable.find((one) => one.name === name);
  if (!kernel || !op || op.writes)
    throw new Error(`ATTUNE_SLOW_KERNEL=${name}: not a kernel of ${backend.name} that can run twice without changing results`);
  const twice: Kernel = {
    ...kernel,
    run(call) {
      kernel.run(call);
      kernel.run(call);
    },
  };
  return { ...backend, kernels: { ...backend.kernels, [name]: twice } };
}
