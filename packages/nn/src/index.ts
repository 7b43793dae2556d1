export { bert, bertFamily } from "./bert.ts";
export { createEncoder, familyOf } from "./families.ts";
export { declareLinear, declareNorm } from "./linear.ts";
export type { LinearParameters, NormParameters } from "./linear.ts";
export { maskOf } from "./mode.ts";
export type { Training } from "./mode.ts";
export type { Encoder, EncoderOutput, ForwardOptions, ModelFamily } from "./model.ts";
export { ParameterStore } from "./parameter-store.ts";
export type { Initial } from "./parameter-store.ts";
