// Op name -> plain loop.

import type { Kernel } from "../backend.ts";
import { attentionKernels } from "./kernels/attention.ts";
import { binaryKernels } from "./kernels/binary.ts";
import { crossEntropyKernels } from "./kernels/cross-entropy.ts";
import { dropoutKernels } from "./kernels/dropout.ts";
import { embeddingKernels } from "./kernels/embedding.ts";
import { gatedKernels } from "./kernels/gated.ts";
import { gatherKernels } from "./kernels/gather.ts";
import { linearKernels } from "./kernels/linear.ts";
import { matmulKernels } from "./kernels/matmul.ts";
import { memoryKernels } from "./kernels/memory.ts";
import { moveKernels } from "./kernels/move.ts";
import { normKernels } from "./kernels/norm.ts";
import { optimizerKernels } from "./kernels/optimizer.ts";
import { reduceKernels } from "./kernels/reduce.ts";
import { rotaryKernels } from "./kernels/rotary.ts";
import { segmentKernels } from "./kernels/segment.ts";
import { softmaxKernels } from "./kernels/softmax.ts";
import { unaryKernels } from "./kernels/unary.ts";

export const referenceKernels: Readonly<Record<string, Kernel>> = {
  ...unaryKernels,
  ...binaryKernels,
  ...reduceKernels,
  ...moveKernels,
  ...memoryKernels,
  ...gatherKernels,
  ...softmaxKernels,
  ...crossEntropyKernels,
  ...matmulKernels,
  ...segmentKernels,
  ...dropoutKernels,
  ...linearKernels,
  ...normKernels,
  ...embeddingKernels,
  ...rotaryKernels,
  ...gatedKernels,
  ...attentionKernels,
  ...optimizerKernels,
};
