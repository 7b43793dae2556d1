// Encoders of matrix products, of the optimiser's pass over the weights, and of what it reads.

import { adamwOp, linearInputGradOp, linearOp, linearWeightGradOp, matmulOp, sumOfSquaresOp, updateControlOp } from "@attune/tensor";
import type { DType, Tensor } from "@attune/tensor";
import { encoder } from "./encode.ts";
import type { KernelEntry } from "./encode.ts";
import { WeightPacks } from "./packs.ts";
import type { PackParts, WeightUse } from "./packs.ts";

export function productKernels(parts: PackParts): KernelEntry {
  const { writer, addon } = parts;
  const packs = new WeightPacks(parts);
  return {
    ...encoder(matmulOp, ({ inputs: { a, b }, outputs: { y }, attributes: { transA, transB, alpha }, label }) => {
      const [m, n] = y.shape.slice(-2);
      const k = a.shape.at(transA ? -2 : -1)!;
      const batch = y.shape.slice(0, -2).reduce((all, length) => all * length, 1);
      const step = ({ shape }: Tensor): number => (shape.length > 2 ? shape.at(-1)! * shape.at(-2)! : 0);
      writer.begin("matmul", label).tensors(a, b, y).real(batch, m, n, k, step(a), step(b), transA, transB, alpha).end();
    }),
    ...encoder(
      linearOp,
      ({
        inputs: { x, weight, bias, normal, gamma, beta },
        outputs: { y, pre },
        attributes: { before, after },
        recorded,
        workspace,
        label,
      }) => {
        const operand = normal ?? x;
        const panels = packs.addresses(forward(weight, operand, recorded), workspace, label);
        writer
          .begin("linear", label)
          .tensors(operand, gamma, beta, y, pre, undefined)
          .real(operand.shape[0], operand.shape[1], y.shape[1])
          .types(operand, y)
          .named("activation", before)
          .named("activation", after)
          .real(weight.length);
        weight.forEach((one, i) => writer.address(panels[i]).tensor(bias?.[i]).real(one.shape[0]));
        writer.end();
      },
      {
        declines: ({ inputs: { lowA, x }, attributes: { before } }) => lowA !== undefined || !rowFits(x.shape[1], before),
        workspace: ({ inputs: { x, normal, weight }, recorded }) => packs.workspace(forward(weight, normal ?? x, recorded)),
        bf16: true,
      },
    ),
    ...encoder(
      linearInputGradOp,
      ({ inputs: { dy, weight, x, addend }, outputs: { dx }, attributes: { before, operand = dy.dtype }, workspace, label }) => {
        const panels = packs.addresses(transposed(weight, operand), workspace, label);
        writer
          .begin("linearInputGrad", label)
          .tensors(dy, dx, x, addend)
          .real(dy.shape[0], dx.shape[1], dy.shape[1])
          .named("dtype", operand)
          .types(dy, dx)
          .named("activation", before)
          .real(weight.length);
        weight.forEach((one, i) => writer.address(panels[i]).real(one.shape[0]));
        writer.end();
      },
      {
        workspace: ({ inputs: { dy, weight }, attributes: { operand = dy.dtype } }) => packs.workspace(transposed(weight, operand)),
        bf16: true,
      },
    ),
    ...encoder(
      linearWeightGradOp,
      ({
        inputs: { dy, x, normal, gamma, beta, dWeight, dBias },
        attributes: { before, parts: ranges, accumulateWeight, accumulateBias },
        workspace,
        label,
      }) => {
        const operand = (normal ?? x)!;
        writer
          .begin("linearWeightGrad", label)
          .tensors(dy, operand, gamma, beta)
          .address(workspace)
          .real(dy.shape[0], operand.shape[1], dy.shape[1])
          .types(operand, dy)
          .named("activation", before)
          .real(ranges.length);
        for (const { weight, bias, row, rows } of ranges) {
          writer.tensors(dWeight[weight], dBias[bias]).real(row, rows, accumulateWeight[weight] ?? false, accumulateBias[bias] ?? false);
        }
        writer.end();
      },
      {
        workspace: ({ inputs: { dy, x, normal } }) => 4 * addon.gradientWorkspace(dy.shape[0], dy.shape[1], (normal ?? x)!.shape[1]),
        bf16: true,
      },
    ),
    ...encoder(sumOfSquaresOp, ({ inputs: { xs }, outputs: { y }, label }) => {
      writer.begin("sumOfSquares", label).tensor(y).real(xs.length);
      for (const x of xs) writer.tensor(x).real(x.size);
      writer.end();
    }),
    ...encoder(updateControlOp, ({ inputs: { squares, applied }, outputs: { control }, attributes: { maxNorm, gradientScale }, label }) =>
      writer.begin("updateControl", label).tensors(squares, applied, control).real(maxNorm, gradientScale).end(),
    ),
    ...encoder(
      adamwOp,
      ({ inputs: { parameter, gradient, m, v, control }, attributes: { learningRate, beta1, beta2, eps, weightDecay }, label }) =>
        writer
          .begin("adamw", label)
          .tensors(parameter, gradient, m, v, control)
          .real(parameter.size, learningRate, beta1, beta2, eps, weightDecay)
          .end(),
    ),
  };
}

/** What is applied to a row before its product is applied to a copy, which must fit into a thread's scratch memory. */
const rowFits = (width: number, before: string): boolean => before === "none" || width <= 1 << 18;

const forward = (weights: readonly Tensor[], { dtype: type }: Tensor, training: boolean): WeightUse => ({
  weights,
  layout: "forward",
  type,
  training,
});

const transposed = (weights: readonly Tensor[], type: DType): WeightUse => ({ weights, layout: "gradient", type, training: true });
