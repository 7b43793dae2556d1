// Stacks of matrix products.

import type { Kernel } from "../../backend.ts";
import { matmulOp } from "../../ops/matmul.ts";
import { sizeOf } from "../../shape.ts";
import { gemm } from "../gemm.ts";
import { kernelOf } from "../kernel-of.ts";
import { valuesOf } from "../memory.ts";

export const matmulKernels: Readonly<Record<string, Kernel>> = {
  matmul: kernelOf(matmulOp, ({ a, b }, { y }, { transA, transB, alpha }) => {
    const [M, N] = y.shape.slice(-2);
    const K = a.shape.at(transA ? -2 : -1)!;
    const stack = sizeOf(y.shape.slice(0, -2));
    for (let s = 0; s < stack; s++) {
      const atA = a.shape.length === 2 ? 0 : s * M * K;
      const atB = b.shape.length === 2 ? 0 : s * K * N;
      gemm({
        M,
        N,
        K,
        a: valuesOf(a).subarray(atA, atA + M * K),
        b: valuesOf(b).subarray(atB, atB + K * N),
        y: valuesOf(y).subarray(s * M * N, (s + 1) * M * N),
        transA,
        transB,
        alpha,
      });
    }
  }),
};
