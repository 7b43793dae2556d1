// Which parameters decay: matrices do; biases and norms do not.

import type { Parameter } from "@attune/tensor";

/** False for names that end in "bias" or hold "norm", whatever the case: the rule of transformers' Trainer. */
export function decays(name: string): boolean {
  return !/bias$|norm/i.test(name);
}

/** The decay of each trainable parameter, in order; frozen ones are left out. */
export function decayGroups(parameters: readonly Parameter[], weightDecay: number): { parameter: Parameter; weightDecay: number }[] {
  return parameters
    .filter((parameter) => parameter.trainable)
    .map((parameter) => ({ parameter, weightDecay: decays(parameter.name) ? weightDecay : 0 }));
}
