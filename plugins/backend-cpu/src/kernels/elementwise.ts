// Encoders of everything that works element by element.

import {
  absOp,
  activationGradOp,
  addOp,
  affineOp,
  castOp,
  divOp,
  dropoutOp,
  equalOp,
  erfOp,
  expOp,
  geluOp,
  geluTanhOp,
  greaterOp,
  lessOp,
  log1pReluOp,
  logOp,
  logSigmoidOp,
  maskFillOp,
  maximumOp,
  minimumOp,
  mulOp,
  negOp,
  reciprocalOp,
  reluOp,
  sigmoidOp,
  siluOp,
  softplusOp,
  sqrtOp,
  squareOp,
  subOp,
  tanhOp,
  whereOp,
} from "@attune/tensor";
import type { DType } from "@attune/tensor";
import type { CommandWriter } from "../command-writer.ts";
import { broadcastStrides, encoder, rowsAndWidth } from "./encode.ts";
import type { KernelEntry, KernelFamily } from "./encode.ts";

const unaryOps = [
  negOp,
  absOp,
  squareOp,
  sqrtOp,
  reciprocalOp,
  expOp,
  logOp,
  erfOp,
  tanhOp,
  sigmoidOp,
  reluOp,
  geluOp,
  geluTanhOp,
  siluOp,
  softplusOp,
  logSigmoidOp,
  log1pReluOp,
];
const binaryOps = [addOp, subOp, mulOp, divOp, maximumOp, minimumOp, greaterOp, lessOp, equalOp];

export const elementwiseKernels: KernelFamily = (writer): KernelEntry => ({
  ...merged(
    unaryOps.map((op) =>
      encoder(op, ({ inputs: { x }, outputs: { y }, label }) =>
        writer.begin("unary", label).tensors(x, y).real(x.size).named("unary", op.name).end(),
      ),
    ),
  ),
  ...merged(
    binaryOps.map((op) =>
      encoder(
        op,
        ({ inputs: { a, b }, outputs: { y }, label }) => {
          writer.begin("binary", label).tensors(a, b, y).named("binary", op.name).list(y.shape);
          writer.list(broadcastStrides(a.shape, y.shape)).list(broadcastStrides(b.shape, y.shape)).end();
        },
        { declines: ({ inputs: { a } }) => a.dtype !== "f32" },
      ),
    ),
  ),
  ...encoder(affineOp, ({ inputs: { x }, outputs: { y }, attributes: { scale, shift }, label }) =>
    writer.begin("affine", label).tensors(x, y).real(x.size, scale, shift).end(),
  ),
  ...encoder(activationGradOp, ({ inputs: { x, dy }, outputs: { dx }, attributes: { activation }, label }) =>
    writer.begin("activationGrad", label).tensors(x, dy, dx).real(x.size).named("activation", activation).end(),
  ),
  ...encoder(whereOp, ({ inputs: { condition, a, b }, outputs: { y }, label }) => {
    writer.begin("where", label).tensors(condition, a, b, y).list(y.shape);
    for (const { shape } of [condition, a, b]) writer.list(broadcastStrides(shape, y.shape));
    writer.end();
  }),
  ...encoder(maskFillOp, ({ inputs: { x, mask }, outputs: { y }, attributes: { value }, label }) =>
    writer.begin("maskFill", label).tensors(x, mask, y).list(y.shape).list(broadcastStrides(mask.shape, y.shape)).real(value).end(),
  ),
  ...encoder(
    castOp,
    ({ inputs: { x }, outputs: { y }, attributes: { dtype }, workspace, label }) => {
      const begin = (): CommandWriter => writer.begin("cast", label);
      if (!workspace) return begin().tensors(x, y).real(x.size).named("dtype", x.dtype).named("dtype", dtype).end();
      begin().tensor(x).address(workspace).real(x.size).named("dtype", x.dtype).named("dtype", "f32").end();
      begin().address(workspace).tensor(y).real(x.size).named("dtype", "f32").named("dtype", dtype).end();
    },
    {
      workspace: ({ inputs: { x }, attributes: { dtype } }) => (byWayOfF32(x.dtype, dtype) ? 4 * x.size : 0),
      declines: ({ attributes: { dtype } }) => dtype === "f64" || dtype === "f16",
      bf16: true,
    },
  ),
  ...encoder(dropoutOp, ({ inputs: { x }, outputs: { y }, attributes: { random }, label }) =>
    writer
      .begin("dropout", label)
      .tensors(x, y)
      .real(...rowsAndWidth(x))
      .random(random)
      .end(),
  ),
});

/** The command casts bf16 from and to f32 and itself alone. */
const byWayOfF32 = (from: DType, to: DType): boolean => from !== to && [from, to].includes("bf16") && ![from, to].includes("f32");

const merged = (entries: readonly KernelEntry[]): KernelEntry => Object.assign({}, ...entries) as KernelEntry;
