// Encoders of norms, embeddings, rotary positions, gated units and attention.

import {
  addLayerNormGradOp,
  addLayerNormOp,
  attentionGradOp,
  attentionOp,
  embeddingGradOp,
  gatedGradOp,
  gatedOp,
  l2NormalizeGradOp,
  l2NormalizeOp,
  layerNormGradOp,
  layerNormOp,
  rmsNormGradOp,
  rmsNormOp,
  rotaryOp,
  sumEmbeddingsOp,
} from "@attune/tensor";
import { AttuneError } from "@attune/core";
import type { AttentionAttributes, Tensor } from "@attune/tensor";
import type { NativeAddon } from "../native.ts";
import type { CommandWriter } from "../command-writer.ts";
import { encoder, rowsAndWidth } from "./encode.ts";
import type { KernelEntry } from "./encode.ts";

/** Elements of a head whose tiles fit into a thread's scratch memory, on every instruction set: those of attention, and those of its gradient. */
const WIDEST_HEAD = 2048;
const WIDEST_TRAINED_HEAD = 1024;

export function layerKernels(writer: CommandWriter, addon: NativeAddon): KernelEntry {
  const normWork = (x: Tensor): number => 4 * addon.normWorkspace(...rowsAndWidth(x));
  return {
    ...encoder(
      layerNormOp,
      ({ inputs: { x, weight, bias }, outputs: { y, normal, rstd }, attributes: { eps }, label }) =>
        writer
          .begin("layerNorm", label)
          .tensors(x, weight, bias, y, normal, rstd)
          .real(...rowsAndWidth(x))
          .types(x, normal)
          .real(eps)
          .end(),
      { bf16: true },
    ),
    ...encoder(
      layerNormGradOp,
      ({ inputs: { normal, weight, rstd, dy }, outputs: { dx, dWeight, dBias }, workspace, label }) =>
        writer
          .begin("layerNormGrad", label)
          .tensors(normal, weight, rstd, dy, dx, dWeight, dBias)
          .address(workspace)
          .real(...rowsAndWidth(normal))
          .types(dx, normal)
          .end(),
      { workspace: ({ inputs: { normal } }) => normWork(normal), bf16: true },
    ),
    ...encoder(rmsNormOp, ({ inputs: { x, weight }, outputs: { y, inverse }, attributes: { eps }, label }) =>
      writer
        .begin("rmsNorm", label)
        .tensors(x, weight, y, inverse)
        .real(...rowsAndWidth(x), eps)
        .end(),
    ),
    ...encoder(
      rmsNormGradOp,
      ({ inputs: { x, weight, inverse, dy }, outputs: { dx, dWeight }, workspace, label }) =>
        writer
          .begin("rmsNormGrad", label)
          .tensors(x, weight, inverse, dy, dx, dWeight)
          .address(workspace)
          .real(...rowsAndWidth(x))
          .end(),
      { workspace: ({ inputs: { x } }) => normWork(x) },
    ),
    ...encoder(
      addLayerNormOp,
      ({ inputs: { x, residual, weight, bias }, outputs: { y, normal, rstd }, attributes: { eps, random }, label }) =>
        writer
          .begin("addLayerNorm", label)
          .tensors(x, residual, weight, bias, y, normal, rstd)
          .real(...rowsAndWidth(x))
          .types(x, normal)
          .real(eps)
          .random(random)
          .end(),
      { bf16: true },
    ),
    ...encoder(
      addLayerNormGradOp,
      ({ inputs: { normal, weight, rstd, dy }, outputs: { dx, dResidual, dWeight, dBias }, attributes: { random }, workspace, label }) =>
        writer
          .begin("addLayerNormGrad", label)
          .tensors(normal, weight, rstd, dy, dx, dResidual, dWeight, dBias)
          .address(workspace)
          .real(...rowsAndWidth(normal))
          .types(dx, normal)
          .random(random)
          .end(),
      { workspace: ({ inputs: { normal } }) => normWork(normal), bf16: true },
    ),
    ...encoder(l2NormalizeOp, ({ inputs: { x }, outputs: { y, norm }, attributes: { eps }, label }) =>
      writer
        .begin("l2Normalize", label)
        .tensors(x, y, norm)
        .real(...rowsAndWidth(x), eps)
        .end(),
    ),
    ...encoder(l2NormalizeGradOp, ({ inputs: { y, norm, dy }, outputs: { dx }, attributes: { eps }, label }) =>
      writer
        .begin("l2NormalizeGrad", label)
        .tensors(y, norm, dy, dx)
        .real(...rowsAndWidth(y), eps)
        .end(),
    ),
    ...encoder(sumEmbeddingsOp, ({ inputs: { tables, ids }, outputs: { y }, label }) => {
      writer
        .begin("sumEmbeddings", label)
        .tensor(y)
        .real(...rowsAndWidth(y), tables.length);
      tables.forEach((table, i) => writer.tensors(table, ids[i]).real(table.shape[0]));
      writer.end();
    }),
    ...encoder(embeddingGradOp, ({ inputs: { ids, dy, dTable }, attributes: { accumulate }, label }) =>
      writer
        .begin("embeddingGrad", label)
        .tensors(ids, dy, dTable)
        .real(...rowsAndWidth(dy), dTable.shape[0], accumulate)
        .end(),
    ),
    ...encoder(
      rotaryOp,
      ({ inputs: { x, positions, frequencies }, outputs: { y }, attributes: { heads, headDim, inverse, scale }, label }) =>
        writer
          .begin("rotary", label)
          .tensors(x, positions, frequencies, y)
          .real(...rowsAndWidth(x), heads, headDim, inverse, scale)
          .end(),
    ),
    ...encoder(gatedOp, ({ inputs: { x }, outputs: { y }, attributes: { activation, activated }, label }) =>
      writer
        .begin("gated", label)
        .tensors(x, y)
        .real(...rowsAndWidth(y))
        .named("activation", activation)
        .real(activated === "second")
        .end(),
    ),
    ...encoder(gatedGradOp, ({ inputs: { x, dy }, outputs: { dx }, attributes: { activation, activated }, label }) =>
      writer
        .begin("gatedGrad", label)
        .tensors(x, dy, dx)
        .real(...rowsAndWidth(dy))
        .named("activation", activation)
        .real(activated === "second")
        .end(),
    ),
    ...encoder(
      attentionOp,
      ({ inputs: { qkv, cuSeqlens, bias }, outputs: { y, lse }, attributes, label }) => {
        writer.begin("attention", label).tensors(qkv, cuSeqlens, bias, y, lse).types(qkv);
        attentionShape(writer, { qkv, cuSeqlens, bias }, attributes).end();
      },
      {
        declines: ({ attributes, label, recorded }) => refusedHead(attributes, label, recorded ? WIDEST_TRAINED_HEAD : WIDEST_HEAD),
        bf16: true,
      },
    ),
    ...encoder(
      attentionGradOp,
      ({ inputs: { qkv, cuSeqlens, bias, y, lse, dy }, outputs: { dqkv, dBias }, attributes, label }) => {
        writer.begin("attentionGrad", label).tensors(qkv, cuSeqlens, bias, y, lse, dy, dqkv, dBias).types(qkv);
        attentionShape(writer, { qkv, cuSeqlens, bias }, attributes).end();
      },
      { declines: ({ attributes, label }) => refusedHead(attributes, label, WIDEST_TRAINED_HEAD), bf16: true },
    ),
  };
}

/** E_ATTRIBUTE for heads whose tiles do not fit: there is no decomposition to send them to. */
function refusedHead({ headDim }: AttentionAttributes, label: string, widest: number): false {
  if (headDim <= widest) return false;
  throw new AttuneError({
    code: "E_ATTRIBUTE",
    place: label,
    expected: `heads of at most ${widest} elements on this backend`,
    got: String(headDim),
    hint: "use --device typescript",
  });
}

function attentionShape(
  writer: CommandWriter,
  { qkv, cuSeqlens, bias }: { readonly qkv: Tensor; readonly cuSeqlens: Tensor; readonly bias?: Tensor },
  { heads, kvHeads, headDim, windowLeft, windowRight, maxLength, scale, random }: AttentionAttributes,
): CommandWriter {
  // with a bias, its side is what positions count in
  const length = bias ? bias.shape[1] : maxLength;
  return writer.real(qkv.shape[0], cuSeqlens.size - 1, heads, kvHeads, headDim, windowLeft, windowRight, length, scale).random(random);
}
