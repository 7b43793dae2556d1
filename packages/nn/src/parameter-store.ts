// The parameters of a model by their names in safetensors: declared while the model is built, filled afterwards from a file or from a seed.

import { AttuneError, createRandom } from "@attune/core";
import { Parameter, sizeOf } from "@attune/tensor";
import type { Engine, Shape } from "@attune/tensor";

/** How a parameter starts when it is not loaded. */
export type Initial = { readonly normal: number } | { readonly constant: number } | { readonly uniform: number };

interface Declared {
  readonly parameter: Parameter;
  readonly initial: Initial;
}

/** Tensors that are read while one is written to the device: as many are in memory at a time. */
const READS_AHEAD = 4;

/** The parameters of one model by name; owns their memory until it is disposed. */
export class ParameterStore implements Disposable {
  readonly engine: Engine;
  readonly #declared = new Map<string, Declared>();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** A trainable parameter, not yet filled; E_DUPLICATE_PARAMETER when the name is taken. */
  declare(name: string, shape: Shape, initial: Initial): Parameter {
    if (this.#declared.has(name)) throw new AttuneError({ code: "E_DUPLICATE_PARAMETER", place: name, problem: "was declared twice" });
    const parameter = new Parameter(name, this.engine.makePersistent(shape, this.engine.float));
    this.#declared.set(name, { parameter, initial });
    return parameter;
  }

  /** In the order of declaration. */
  get parameters(): Parameter[] {
    return Array.from(this.#declared.values(), ({ parameter }) => parameter);
  }

  /** Name to shape, for checking a weights file. */
  get shapes(): Map<string, Shape> {
    return new Map(Array.from(this.#declared, ([name, { parameter }]) => [name, parameter.shape]));
  }

  /** E_UNKNOWN_PARAMETER for a name that was not declared. */
  get(name: string): Parameter {
    const declared = this.#declared.get(name);
    if (!declared) throw new AttuneError({ code: "E_UNKNOWN_PARAMETER", place: name, problem: "is no parameter of this model" });
    return declared.parameter;
  }

  /**
   * Fills every parameter from `read(name)`, some reads ahead: values in row-major order, which `done` gets back when they are copied. E_WEIGHTS when
   * their number is wrong.
   */
  async load(read: (name: string) => Promise<Float32Array>, done?: (values: Float32Array) => void): Promise<void> {
    const all = [...this.#declared];
    const ahead: Promise<Float32Array>[] = [];
    for (const [i, [name, { parameter }]] of all.entries()) {
      for (const [next] of all.slice(i + ahead.length, i + READS_AHEAD)) {
        const reading = read(next);
        reading.catch(() => undefined); // thrown when it is its turn
        ahead.push(reading);
      }
      const values = await ahead.shift()!;
      if (values.length !== sizeOf(parameter.shape)) {
        throw new AttuneError({
          code: "E_WEIGHTS",
          place: name,
          expected: `${sizeOf(parameter.shape)} values`,
          got: String(values.length),
        });
      }
      parameter.write(values);
      done?.(values);
    }
  }

  /** Fills every parameter as declared; each draws from its own stream, so adding one changes no other. */
  initialise(seed: number): void {
    for (const [name, { parameter, initial }] of this.#declared) {
      const values = new Float32Array(sizeOf(parameter.shape));
      if ("constant" in initial) values.fill(initial.constant);
      else {
        const random = createRandom(seed, `initial/${name}`);
        const draw = "normal" in initial ? () => random.normal() * initial.normal : () => (2 * random.uniform() - 1) * initial.uniform;
        for (let i = 0; i < values.length; i++) values[i] = draw();
      }
      parameter.write(values);
    }
  }

  [Symbol.dispose](): void {
    for (const { parameter } of this.#declared.values()) parameter.dispose();
    this.#declared.clear();
  }
}
