// Backward against differences, in double on the reference backend. The cotangent is random, never all ones: under a plain sum a softmax with
// a wrong gradient would pass, since its true one is zero.

import { createRandom } from "@attune/core";
import { createReferenceBackend, Engine, Parameter, valuesOf } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { tolerances } from "./tolerances.ts";

/** A float input by value. */
export interface Floats {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** What is checked: a function of its inputs, made from ops. Constants that it needs it makes with `engine.from`. */
export type Differentiable<K extends string> = (inputs: Readonly<Record<K, Tensor>>, engine: Engine) => Tensor;

export interface GradcheckOptions {
  readonly seed?: number;
  /** Largest difference, relative to max(1, the largest gradient). */
  readonly relative?: number;
}

/**
 * Throws unless backward gives the derivative of ⟨fn(inputs), cotangent⟩ for every element of every input, to about 1e-7. The inputs must stay
 * a few thousandths away from kinks.
 */
export function gradcheck<K extends string>(
  fn: Differentiable<K>,
  inputs: Readonly<Record<K, Floats>>,
  { seed = 1, relative = tolerances.gradcheck.relative }: GradcheckOptions = {},
): void {
  const engine = new Engine(createReferenceBackend(), { float: "f64" });
  const parameters = new Map<K, Parameter>();
  for (const name of Object.keys(inputs) as K[]) parameters.set(name, parameterFrom(engine, name, inputs[name]));
  const call = (): Tensor =>
    fn(Object.fromEntries(Array.from(parameters, ([name, { value }]) => [name, value])) as Record<K, Tensor>, engine);

  const weights = backward(engine, call, seed);
  const value = (): number => engine.scope(() => engine.noGradient(() => dot(valuesOf(call()), weights)));
  const found = Array.from(parameters, ([name, parameter]) => ({
    name,
    analytic: gradientOf(parameter),
    numeric: differences(parameter, inputs[name].data, value),
  }));
  const largest = Math.max(1, ...found.flatMap(({ numeric }) => numeric.map(Math.abs)));
  for (const { name, analytic, numeric } of found) {
    const worst = numeric.reduce((at, one, i) => (distance(one, analytic[i]) > distance(numeric[at], analytic[at]) ? i : at), 0);
    if (numeric.length === 0 || distance(numeric[worst], analytic[worst]) <= relative * largest) continue;
    throw new Error(
      `gradcheck: d${name}[${worst}] is ${analytic[worst]} by backward and ${numeric[worst]} by differences (largest gradient ${largest})`,
    );
  }
}

function parameterFrom(engine: Engine, name: string, { shape, data }: Floats): Parameter {
  return new Parameter(
    name,
    engine.scope(() => engine.from(data, shape, "f64")),
  );
}

/** Runs backward with a random cotangent and gives it back. */
function backward(engine: Engine, call: () => Tensor, seed: number): Float64Array {
  const random = createRandom(seed, "gradcheck");
  return engine.scope(() => {
    const output = call();
    const weights = Float64Array.from({ length: output.size }, () => random.normal());
    if (output.origin) engine.backward(output, { cotangent: engine.from(weights, output.shape) });
    return weights;
  });
}

/** The accumulated gradient, copied; zeros if nothing flowed. */
function gradientOf({ gradient, value }: Parameter): number[] {
  return gradient ? Array.from(valuesOf(gradient)) : Array.from({ length: value.size }, () => 0);
}

/** Differences of fourth order: (8 (f(+h) − f(−h)) − (f(+2h) − f(−2h))) / 12h. */
function differences(parameter: Parameter, data: readonly number[], value: () => number): number[] {
  const gradients = data.map((center, i) => {
    const h = 2 ** -9;
    const at = (steps: number): number => {
      parameter.write(Float64Array.from(data).fill(center + steps * h, i, i + 1));
      return value();
    };
    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h);
  });
  parameter.write(Float64Array.from(data));
  return gradients;
}

const distance = (a: number, b: number): number => (Number.isNaN(a - b) ? Infinity : Math.abs(a - b));

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < b.length; i++) total += a[i] * b[i];
  return total;
}
