export { Arena } from "./arena.ts";
export type { ChunkSource } from "./arena.ts";
export { newCounters } from "./backend.ts";
export type { Attributes, Backend, Counters, Kernel, KernelCall, Lifetime, Limits, Need, Operand, Ran, Slot, Spent } from "./backend.ts";
export type { OnGradient } from "./backward.ts";
export { fromBfloat16, roundToBfloat16, toBfloat16 } from "./bfloat16.ts";
export { checkpoint } from "./checkpoint.ts";
export { arrayOver, bytesPerElement, isFloat } from "./dtype.ts";
export type { DType, FloatType, TypedArray } from "./dtype.ts";
export { Engine } from "./engine.ts";
export type { MemoryRange } from "./free-ranges.ts";
export { createNullBackend } from "./null-backend.ts";
export { defineOp, engineOf, erase, runOn } from "./op.ts";
export type { AnyOp, Cotangents, Gradients, Inputs, Op, OpDefinition, Outputs, Saved, Sink } from "./op.ts";
export * from "./ops/index.ts";
export { Parameter } from "./parameter.ts";
export type { Destination } from "./parameter.ts";
export { createReferenceBackend, outOfMemory } from "./reference/backend.ts";
export { valuesOf } from "./reference/memory.ts";
export { relativePositionBucket } from "./relative-position.ts";
export {
  broadcastShapes,
  expectFloat,
  expectShape,
  expectType,
  resolveAxis,
  rowsOf,
  sameShape,
  shapeError,
  shapeText,
  sizeOf,
} from "./shape.ts";
export type { Shape, Spec } from "./shape.ts";
export { expectWithin } from "./slot-range.ts";
export { Tape } from "./tape.ts";
export { Storage, Tensor } from "./tensor.ts";
export { concatTokens, uploadTokens } from "./tokens.ts";
export type { DeviceTokens, PackedTokens } from "./tokens.ts";
