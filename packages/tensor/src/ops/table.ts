// The op table: what a backend can be asked for. Case files, gradient checks and conformance tests are generated from it.

import { erase } from "../op.ts";
import type { AnyOp } from "../op.ts";
import {
  activationGradOp,
  geluOp,
  geluTanhOp,
  log1pReluOp,
  logSigmoidOp,
  reluOp,
  sigmoidOp,
  siluOp,
  softplusOp,
  tanhOp,
} from "./activations.ts";
import { addIntoOp, fillIntoOp } from "./add-into.ts";
import { addLayerNormGradOp, addLayerNormOp } from "./add-layer-norm.ts";
import { attentionGradOp, attentionOp } from "./attention.ts";
import { addOp, divOp, equalOp, greaterOp, lessOp, maximumOp, minimumOp, mulOp, subOp } from "./binary.ts";
import { broadcastToOp } from "./broadcast-to.ts";
import { castOp } from "./cast.ts";
import { concatOp } from "./concat.ts";
import { crossEntropyGradOp, crossEntropyOp } from "./cross-entropy.ts";
import { dropoutOp } from "./dropout.ts";
import { embeddingGradOp, sumEmbeddingsOp } from "./embedding.ts";
import { fillOp } from "./fill.ts";
import { gatedGradOp, gatedOp } from "./gated.ts";
import { gatherLastOp, gatherOp } from "./gather.ts";
import { l2NormalizeGradOp, l2NormalizeOp } from "./l2-normalize.ts";
import { layerNormGradOp, layerNormOp } from "./layer-norm.ts";
import { linearInputGradOp, linearWeightGradOp } from "./linear-grad.ts";
import { linearOp } from "./linear.ts";
import { matmulOp } from "./matmul.ts";
import { adamwOp, sumOfSquaresOp, updateControlOp } from "./optimizer.ts";
import { cumsumOp, maxOp, meanOp, sumOp } from "./reduce.ts";
import { reshapeOp } from "./reshape.ts";
import { rmsNormGradOp, rmsNormOp } from "./rms-norm.ts";
import { rotaryOp } from "./rotary.ts";
import { scatterAddOp, scatterLastOp } from "./scatter.ts";
import { segmentLogsumexpOp } from "./segment-logsumexp.ts";
import { segmentMaxGradOp, segmentMaxOp } from "./segment-max.ts";
import { segmentExpandOp, segmentSumOp } from "./segment-sum.ts";
import { padOp, sliceOp } from "./slice.ts";
import { logSoftmaxOp, logsumexpOp, softmaxGradOp, softmaxOp } from "./softmax.ts";
import { topkOp } from "./topk.ts";
import { transposeOp } from "./transpose.ts";
import { absOp, affineOp, erfOp, expOp, logOp, negOp, reciprocalOp, sqrtOp, squareOp } from "./unary.ts";
import { maskFillOp, whereOp } from "./where.ts";

/** Every op, in families. */
export const opTable: readonly AnyOp[] = [
  ...[negOp, absOp, squareOp, sqrtOp, reciprocalOp, expOp, logOp, erfOp].map(erase),
  ...[tanhOp, sigmoidOp, reluOp, geluOp, geluTanhOp, siluOp, softplusOp, logSigmoidOp, log1pReluOp].map(erase),
  ...[addOp, subOp, mulOp, divOp, maximumOp, minimumOp, greaterOp, lessOp, equalOp].map(erase),
  ...[erase(affineOp), erase(activationGradOp), erase(whereOp), erase(maskFillOp), erase(castOp), erase(dropoutOp)],
  ...[erase(sumOp), erase(meanOp), erase(maxOp), erase(cumsumOp)],
  ...[erase(reshapeOp), erase(sliceOp), erase(padOp), erase(concatOp), erase(transposeOp), erase(broadcastToOp)],
  ...[erase(gatherOp), erase(scatterAddOp), erase(gatherLastOp), erase(scatterLastOp), erase(topkOp)],
  ...[erase(softmaxOp), erase(softmaxGradOp), erase(logSoftmaxOp), erase(logsumexpOp), erase(crossEntropyOp), erase(crossEntropyGradOp)],
  ...[erase(matmulOp), erase(linearOp), erase(linearInputGradOp), erase(linearWeightGradOp)],
  ...[erase(layerNormOp), erase(layerNormGradOp), erase(rmsNormOp), erase(rmsNormGradOp)],
  ...[erase(addLayerNormOp), erase(addLayerNormGradOp), erase(l2NormalizeOp), erase(l2NormalizeGradOp)],
  ...[erase(sumEmbeddingsOp), erase(embeddingGradOp), erase(rotaryOp), erase(gatedOp), erase(gatedGradOp)],
  ...[erase(attentionOp), erase(attentionGradOp)],
  ...[erase(segmentSumOp), erase(segmentExpandOp), erase(segmentMaxOp), erase(segmentMaxGradOp), erase(segmentLogsumexpOp)],
  ...[erase(sumOfSquaresOp), erase(updateControlOp), erase(adamwOp)],
  ...[erase(addIntoOp), erase(fillIntoOp), erase(fillOp)],
];
