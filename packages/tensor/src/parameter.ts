// The one mutable cell: a value that the optimiser updates in place, its gradient, and a version that saved tensors check.

import type { Engine } from "./engine.ts";
import { Storage, Tensor } from "./tensor.ts";
import type { Shape } from "./shape.ts";

/** Where a leaf's gradient is written: `accumulate` is false for the first contribution since `clearGradient`. */
export interface Destination {
  readonly tensor: Tensor;
  readonly accumulate: boolean;
}

export class Parameter {
  /** As in safetensors. */
  readonly name: string;
  readonly engine: Engine;
  #trainable: boolean;
  #value: Tensor;
  #gradient: Tensor | undefined;

  /** Takes over `value`, which must be held by no scope (`engine.keep`). */
  constructor(name: string, value: Tensor, { trainable = true }: { trainable?: boolean } = {}) {
    this.name = name;
    this.engine = value.engine;
    value.storage.parameter ??= this;
    this.#trainable = trainable;
    this.#value = this.#wrap(value);
  }

  /** Counts writes to the value: what the tape and packed copies check. */
  get version(): number {
    return this.#value.storage.version;
  }

  /** The tensor to compute with; records on the tape while `trainable`. */
  get value(): Tensor {
    return this.#value;
  }

  get shape(): Shape {
    return this.#value.shape;
  }

  get trainable(): boolean {
    return this.#trainable;
  }

  set trainable(trainable: boolean) {
    this.#trainable = trainable;
    this.#value = this.#wrap(this.#value);
  }

  /** Same shape as the value; undefined when nothing flowed here since `clearGradient`. */
  get gradient(): Tensor | undefined {
    return this.#gradient;
  }

  /**
   * For the backward walk: where to write, and whether to add. Memory for it is taken when the walk comes here, which is when activations have
   * given theirs back, and kept until `clearGradient`.
   */
  gradientDestination(): Destination {
    const accumulate = this.#gradient !== undefined;
    this.#gradient ??= this.engine.makePersistent(this.shape, this.#value.dtype);
    return { tensor: this.#gradient, accumulate };
  }

  /** Forgets the gradient and frees its memory; nothing is zeroed, since the first contribution overwrites. */
  clearGradient(): void {
    this.#gradient?.dispose();
    this.#gradient = undefined;
  }

  /** Replaces the values from host memory; E_SHAPE unless there are as many. */
  write(values: Float32Array | Float64Array): void {
    this.engine.writeTo(this.#value, values);
  }

  dispose(): void {
    this.#value.dispose();
    this.clearGradient();
  }

  #wrap(value: Tensor): Tensor {
    const { storage, shape, dtype, offset } = value;
    return new Tensor(storage satisfies Storage, { shape, dtype, offset, ...(this.#trainable && { origin: { parameter: this } }) });
  }
}
