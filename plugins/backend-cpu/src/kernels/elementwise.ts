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
    ({ inputs: { x }, outputs: { y }, attributes: { dtype }, label }) =>
      writer.begin("cast", label).tensors(x, y).real(x.size).named("dtype", x.dtype).named("dtype", dtype).end(),
    // bf16 is cast from and to f32 and itself alone
    {
      declines: ({ inputs: { x }, attributes: { dtype } }) => [x.dtype, dtype].includes("bf16") && ![x.dtype, dtype].every(isStored),
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

const isStored = (dtype: DType): boolean => dtype === "f32" || dtype === "bf16";

const merged = (entries: readonly KernelEntry[]): KernelEntry => Object.assign({}, ...entries) as KernelEntry;
