// Encoders of matrix products. Weights are packed into panels once per update: the pack lives with the weight's storage and is made anew
// when the version has moved on.

import { adamwOp, linearInputGradOp, linearOp, linearWeightGradOp, matmulOp, sumOfSquaresOp, updateControlOp } from "@attune/tensor";
import type { DType, Slot, Tensor } from "@attune/tensor";
import type { Address, CommandWriter } from "../command-writer.ts";
import type { NativeAddon } from "../native.ts";
import { encoder } from "./encode.ts";
import type { KernelEntry } from "./encode.ts";

export interface ProductParts {
  readonly writer: CommandWriter;
  readonly addon: NativeAddon;
  /** Long-lived memory for packed weights. */
  allocate(bytes: number): Slot;
}

export function productKernels(parts: ProductParts): KernelEntry {
  const { writer, addon } = parts;
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
      ({ inputs: { x, weight, bias, normal, gamma, beta }, outputs: { y, pre }, attributes: { before, after }, label }) => {
        const operand = normal ?? x;
        const packs = weight.map((one) => packed(parts, one, { layout: "forward", type: operand.dtype, label }));
        writer
          .begin("linear", label)
          .tensors(operand, gamma, beta, y, pre, undefined)
          .real(operand.shape[0], operand.shape[1], y.shape[1])
          .types(operand, y)
          .named("activation", before)
          .named("activation", after)
          .real(weight.length);
        weight.forEach((one, i) => writer.address(packs[i]).tensor(bias?.[i]).real(one.shape[0]));
        writer.end();
      },
      { declines: ({ inputs: { lowA, x }, attributes: { before } }) => lowA !== undefined || !rowFits(x.shape[1], before), bf16: true },
    ),
    ...encoder(
      linearInputGradOp,
      ({ inputs: { dy, weight, x, addend }, outputs: { dx }, attributes: { before, operand = dy.dtype }, label }) => {
        const packs = weight.map((one) => packed(parts, one, { layout: "gradient", type: operand, label }));
        writer
          .begin("linearInputGrad", label)
          .tensors(dy, dx, x, addend)
          .real(dy.shape[0], dx.shape[1], dy.shape[1])
          .named("dtype", operand)
          .types(dy, dx)
          .named("activation", before)
          .real(weight.length);
        weight.forEach((one, i) => writer.address(packs[i]).real(one.shape[0]));
        writer.end();
      },
      { bf16: true },
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

interface Pack {
  /** "gradient" panels are of the transposed weight. */
  readonly layout: "forward" | "gradient";
  readonly type: DType;
  readonly label: string;
}

/** The weight's panels in the type of the operand that they meet: those made before, or new ones when the weight has changed. */
function packed({ writer, addon, allocate }: ProductParts, weight: Tensor, { layout, type, label }: Pack): Address {
  const { derived, version } = weight.storage;
  const key = `${layout} ${type}@${weight.offset}:${weight.shape.join("x")}`; // views of one storage may start at the same place
  const made = derived.get(key);
  if (made && made.version === version) return made.slot as Address;
  const [rows, width] = weight.shape;
  const gradient = layout === "gradient";
  const slot = (made?.slot ?? allocate(addon.packedBytes(gradient ? width : rows, gradient ? rows : width, type === "bf16"))) as Address;
  writer.begin("pack", `${label}/pack`).tensor(weight).address(slot).real(rows, width, gradient).named("dtype", type).end();
  derived.set(key, { slot, version });
  return slot;
}
