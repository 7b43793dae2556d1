// A kernel at a named shape: first checked against the reference backend on a small problem of the same kind, forward and backward, then timed
// at full size and held against what the machine can do at best. Times are the device's own, by command: what JavaScript does is not in them.

import { cast, createReferenceBackend, Engine, Parameter, sizeOf } from "@attune/tensor";
import type { Backend, Shape, Tensor } from "@attune/tensor";
import type { Machine } from "./machine.ts";
import { ramp } from "./numbers.ts";

/** Types of operands; bf16 products accumulate in f32. */
export type Precision = "fp32" | "bf16";
export const precisions: readonly Precision[] = ["fp32", "bf16"];

/** What bounds a kernel: multiply-adds, or bytes to and from memory. */
export type Cost = { readonly flops: number } | { readonly bytes: number };

export interface KernelCase {
  /** "[8192 384]·[384 1536]" */
  readonly name: string;
  readonly precision: Precision;
  /** By command of the device: what one call of it costs at full size. Gradients are computed where one of them is listed. */
  readonly costs: Readonly<Record<string, Cost>>;
  /** Makes operands (`small`: of a like problem that the reference can do) and returns what enqueues the forward pass. */
  build(operands: Operands, size: "full" | "small"): () => Tensor;
}

export interface Measured {
  readonly case: KernelCase;
  readonly command: string;
  /** Seconds of one call: the fastest and the middle one. Absent where the device did other commands instead. */
  readonly timing: { readonly best: number; readonly median: number } | undefined;
  /** Largest difference to the reference in result and gradients, relative to the largest value of each. */
  readonly difference: number;
}

/** What the sums of a precision may differ by; a wrong kernel is off by far more. */
const tolerance: Readonly<Record<Precision, number>> = { fp32: 3e-5, bf16: 2 ** -6 };

/** Checks, then times for about `seconds`. Throws, naming the kernel, when a result is not the reference's. */
export async function measureKernel(one: KernelCase, { backend }: Machine, { seconds }: { seconds: number }): Promise<Measured[]> {
  const difference = await differenceToReference(one, backend);
  if (!(difference <= tolerance[one.precision]))
    throw new Error(`${one.name} ${one.precision} differs from the reference by ${difference}: not timed`);
  const times = await timesByCommand(one, backend, seconds);
  return Object.keys(one.costs).map((command) => {
    const samples = times.get(command)?.sort((a, b) => a - b);
    const timing = samples && { best: samples[0], median: samples[samples.length >> 1] };
    return { case: one, command, timing, difference };
  });
}

const hasGradient = ({ costs }: KernelCase): boolean => Object.keys(costs).some((command) => command.endsWith("Grad"));

async function timesByCommand(one: KernelCase, backend: Backend, seconds: number): Promise<Map<string, number[]>> {
  const engine = new Engine(backend);
  using operands = new Operands(engine);
  const forward = one.build(operands, "full");
  const times = new Map<string, number[]>();
  const until = performance.now() + 1000 * seconds;
  for (let round = 0; round < 7 || performance.now() < until; round++) {
    const before = spentBy(backend);
    engine.scope(() => void pass(operands, forward, hasGradient(one))); // a result that is returned would stay, and new memory costs more than a product
    await backend.sync();
    if (round < 2) continue; // packs are made, memory is touched
    for (const [command, { calls, seconds: total }] of spentBy(backend)) {
      const { calls: callsBefore, seconds: totalBefore } = before.get(command) ?? { calls: 0, seconds: 0 };
      if (calls === callsBefore) continue;
      const samples = times.get(command) ?? [];
      samples.push((total - totalBefore) / (calls - callsBefore));
      times.set(command, samples);
    }
  }
  return times;
}

const spentBy = (backend: Backend) => new Map((backend.profile?.() ?? []).map((spent) => [spent.work, spent]));

/** Forward, and backward from a fixed cotangent. */
function pass({ engine, cotangentFor }: Operands, forward: () => Tensor, backward: boolean): Tensor {
  if (!backward) return engine.noGradient(forward);
  const y = forward();
  engine.backward(y, { cotangent: cotangentFor(y) });
  return y;
}

async function differenceToReference(one: KernelCase, backend: Backend): Promise<number> {
  const got = await results(one, new Engine(backend));
  const expected = await results(one, new Engine(createReferenceBackend()));
  let worst = 0;
  for (const [i, values] of expected.entries()) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    for (const [at, value] of values.entries()) {
      const off = Math.abs(value - got[i][at]) / largest;
      if (!(off <= worst)) worst = off; // NaN stays
    }
  }
  return worst;
}

/** The result and every gradient. */
async function results(one: KernelCase, engine: Engine): Promise<Float32Array[]> {
  using operands = new Operands(engine);
  const forward = one.build(operands, "small");
  const y = engine.scope(() => pass(operands, forward, hasGradient(one)));
  const gradients = operands.parameters.flatMap(({ gradient }) => gradient ?? []);
  const values = await Promise.all([y, ...gradients].map(async (tensor) => numbersOf(tensor, await tensor.read())));
  y.dispose();
  return values;
}

/** bf16 is read as 16-bit patterns. */
function numbersOf({ dtype }: Tensor, values: ArrayLike<number>): Float32Array {
  if (dtype !== "bf16") return Float32Array.from(values);
  return new Float32Array(Uint32Array.from(values, (pattern) => pattern << 16).buffer);
}

/** Makes tensors that stay until it is disposed. */
export class Operands implements Disposable {
  readonly engine: Engine;
  readonly parameters: Parameter[] = [];
  readonly #tensors: Tensor[] = [];
  #cotangent: Tensor | undefined;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** A parameter with values in [-0.5, 0.5] times `scale`: gradients flow to it. */
  parameter(shape: Shape, { scale = 1 } = {}): Parameter {
    const parameter = new Parameter(`operand ${this.parameters.length}`, this.engine.makePersistent(shape, "f32"));
    parameter.write(ramp(sizeOf(shape), scale));
    this.parameters.push(parameter);
    return parameter;
  }

  /** The same without gradients. */
  floats(shape: Shape, { scale = 1 } = {}): Tensor {
    return this.#own(() => this.engine.from(ramp(sizeOf(shape), scale), shape, "f32"));
  }

  integers(values: Int32Array): Tensor {
    return this.#own(() => this.engine.from(values));
  }

  readonly cotangentFor = ({ shape, dtype }: Tensor): Tensor => {
    this.#cotangent ??= this.#own(() => cast(this.engine.from(ramp(sizeOf(shape), 1), shape, "f32"), dtype));
    return this.#cotangent;
  };

  [Symbol.dispose](): void {
    for (const tensor of this.#tensors) tensor.dispose();
    for (const parameter of this.parameters) parameter.dispose();
  }

  #own(make: () => Tensor): Tensor {
    // Not returned from the scope, which then lets go of it: only `keep` holds it, wherever this is called.
    this.engine.noGradient(() => this.engine.scope(() => void this.#tensors.push(this.engine.keep(make()))));
    return this.#tensors.at(-1)!;
  }
}

/** x as an operand of the precision's products. */
export const operand = (x: Tensor, precision: Precision): Tensor => (precision === "bf16" ? cast(x, "bf16") : x);
