// What training asks of an optimiser. Everything of a step happens on the device: the norm, clipping, skipping a non-finite step.

import type { Parameter, Tensor } from "@attune/tensor";

/** What changes from step to step. */
export interface StepOptions {
  readonly learningRate: number;
  /** Largest norm of the whole gradient; 0 leaves it alone. */
  readonly maxNorm: number;
  /** The accumulated gradients are multiplied by this first: 1 / accumulation steps. */
  readonly gradientScale: number;
}

/** State by parameter name and by kind ("m", "v"): what a checkpoint holds. */
export type OptimizerState = ReadonlyMap<string, Readonly<Record<string, Tensor>>>;

/** An optimiser over parameters, with its state. Owns the state's memory until it is disposed. */
export interface Optimizer extends Disposable {
  /**
   * One update of every parameter that has a gradient, which is forgotten; parameters without one are left alone, not even decayed. Returns [4] =
   * (gradient norm before clipping, factor applied, finite 1 or 0, steps applied so far). A gradient that is not finite changes nothing and is not
   * counted. Must be called in a scope; E_NO_GRADIENT when no parameter has a gradient.
   */
  step(options: StepOptions): Tensor;
  readonly state: OptimizerState;
  /** Steps applied so far, i32 [1]. */
  readonly applied: Tensor;
}

/** What a plugin of kind `optimizer` creates. */
export interface OptimizerFactory {
  readonly name: string;
  /** Starts with a state of zeros. E_NOTHING_TO_TRAIN without parameters, E_DUPLICATE_PARAMETER when two have one name. */
  create(groups: readonly { parameter: Parameter; weightDecay: number }[]): Optimizer;
}

declare module "@attune/core" {
  interface PluginKinds {
    optimizer: OptimizerFactory;
  }
}
