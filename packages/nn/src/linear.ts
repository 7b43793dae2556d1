// The parameters of the layers that every family has, named as transformers names them. The arithmetic is the tensor package's.

import type { Parameter } from "@attune/tensor";
import type { Initial, ParameterStore } from "./parameter-store.ts";

/** The parameters of a dense layer. */
export interface LinearParameters {
  /** [out in] */
  readonly weight: Parameter;
  /** [out] */
  readonly bias: Parameter;
}

/** The parameters of a layer norm. */
export interface NormParameters {
  /** [C] */
  readonly weight: Parameter;
  /** [C] */
  readonly bias: Parameter;
}

/** Declares `name.weight` [out in] and `name.bias` [out], the bias from zero. */
export function declareLinear(
  store: ParameterStore,
  name: string,
  [out, into]: readonly [number, number],
  initial: Initial,
): LinearParameters {
  return { weight: store.declare(`${name}.weight`, [out, into], initial), bias: store.declare(`${name}.bias`, [out], { constant: 0 }) };
}

/** Declares `name.weight` of ones and `name.bias` of zeros, [C] each. */
export function declareNorm(store: ParameterStore, name: string, width: number): NormParameters {
  return {
    weight: store.declare(`${name}.weight`, [width], { constant: 1 }),
    bias: store.declare(`${name}.bias`, [width], { constant: 0 }),
  };
}
