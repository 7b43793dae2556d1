// AdamW with decoupled weight decay; the numbers of torch.optim.AdamW and clip_grad_norm_. The arithmetic is in the tensor package's ops; here is
// the state, and what is updated.

import { AttuneError, definePlugin } from "@attune/core";
import { adamw as adamwOp, fillInto, sumOfSquares, updateControl } from "@attune/tensor";
import type { Engine, Parameter, Tensor } from "@attune/tensor";
import { z } from "zod";
import type { Optimizer, OptimizerFactory, StepOptions } from "./optimizer.ts";

const options = z.strictObject({
  beta1: z.number().min(0).lt(1).default(0.9).describe("decay of the mean of gradients"),
  beta2: z.number().min(0).lt(1).default(0.999).describe("decay of the mean of squares"),
  eps: z.number().positive().default(1e-8).describe("added to the root of the mean of squares"),
});
type Options = z.output<typeof options>;
type Group = { parameter: Parameter; weightDecay: number };

/**
 * AdamW as torch.optim.AdamW computes it, with one count of steps for all parameters.
 * @see Loshchilov and Hutter 2019, arXiv:1711.05101
 */
export const adamw = definePlugin({
  kind: "optimizer",
  name: "adamw",
  summary: "Adam with decoupled weight decay",
  options,
  create: (chosen): OptimizerFactory => ({ name: "adamw", create: (groups) => new AdamW(groups, chosen) }),
});

class AdamW implements Optimizer {
  readonly applied: Tensor;
  readonly state: Map<string, { m: Tensor; v: Tensor }>;
  readonly #groups: readonly Group[];
  readonly #options: Options;
  readonly #engine: Engine;

  constructor(groups: readonly Group[], chosen: Options) {
    if (groups.length === 0) throw new AttuneError({ code: "E_NOTHING_TO_TRAIN", problem: "every parameter is frozen" });
    expectDistinct(groups);
    const { engine } = groups[0].parameter;
    const zeros = (parameter: Parameter): Tensor => {
      const tensor = engine.makePersistent(parameter.shape, parameter.value.dtype);
      engine.scope(() => fillInto(tensor, 0));
      return tensor;
    };
    this.#engine = engine;
    this.#groups = groups;
    this.#options = chosen;
    this.applied = engine.makePersistent([1], "i32");
    engine.writeTo(this.applied, [0]);
    this.state = new Map(groups.map(({ parameter }) => [parameter.name, { m: zeros(parameter), v: zeros(parameter) }]));
  }

  step({ learningRate, maxNorm, gradientScale }: StepOptions): Tensor {
    const used = this.#groups.filter(({ parameter }) => parameter.gradient);
    if (used.length === 0) throw new AttuneError({ code: "E_NO_GRADIENT", place: "adamw", problem: "no parameter has a gradient" });
    return this.#engine.noGradient(() => {
      const squares = sumOfSquares(used.map(({ parameter }) => parameter.gradient!)); // [1]
      const control = updateControl({ squares, applied: this.applied }, { maxNorm, gradientScale }); // [4]
      for (const { parameter, weightDecay } of used) {
        const { m, v } = this.state.get(parameter.name)!;
        adamwOp(
          { parameter: parameter.value, gradient: parameter.gradient!, m, v, control },
          { learningRate, weightDecay, ...this.#options },
        );
        parameter.clearGradient();
      }
      return control;
    });
  }

  [Symbol.dispose](): void {
    this.applied.dispose();
    for (const { m, v } of this.state.values()) {
      m.dispose();
      v.dispose();
    }
  }
}

/** State is kept by name, so two parameters of one name would share it. */
function expectDistinct(groups: readonly Group[]): void {
  const names = groups.map(({ parameter }) => parameter.name);
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined)
    throw new AttuneError({ code: "E_DUPLICATE_PARAMETER", place: repeated, problem: "is the name of two parameters" });
}
