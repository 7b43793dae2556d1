// A tensor is an immutable handle: storage, offset, shape, type. Always contiguous; views are reshapes and slices of the leading axis.
// Users never count references: scopes, the tape and parameters do.

import { AttuneError } from "@attune/core";
import type { Backend, Slot } from "./backend.ts";
import { fromBfloat16 } from "./bfloat16.ts";
import { arrayOver, bytesPerElement } from "./dtype.ts";
import type { DType, TypedArray } from "./dtype.ts";
import type { Engine } from "./engine.ts";
import type { Parameter } from "./parameter.ts";
import { shapeText, sizeOf } from "./shape.ts";
import type { Shape } from "./shape.ts";
import type { TapeNode } from "./tape.ts";

/** The only counted thing: a slot, freed when its last holder lets go. */
export class Storage {
  readonly engine: Engine;
  readonly slot: Slot;
  references = 0;
  /** The parameter whose value this is: what keys packed copies and what saved views check the version of. */
  parameter: Parameter | undefined;
  /** Counts writes, from the host and by ops that work in place: what saved tensors and derived copies are checked against. */
  version = 0;
  /** Copies that a backend made of the content (packed, cast), by layout; freed with the storage, stale when `version` has moved on. */
  readonly derived = new Map<string, { slot: Slot; version: number }>();
  /** Where the slot is from: what a rehearsal made and did not free is no memory of the device. */
  readonly #backend: Backend;

  constructor(engine: Engine, slot: Slot) {
    this.engine = engine;
    this.slot = slot;
    this.#backend = engine.backend;
  }

  retain(): void {
    this.references++;
  }

  release(): void {
    if (--this.references > 0) return;
    for (const { slot } of this.derived.values()) this.#backend.free(slot);
    this.derived.clear();
    this.#backend.free(this.slot);
  }
}

/** Where a tensor's gradient goes: an output of a recorded op, or a parameter. */
export type Origin = { readonly node: TapeNode; readonly output: string } | { readonly parameter: Parameter };

export class Tensor {
  readonly storage: Storage;
  /** Elements from the start of the storage. */
  readonly offset: number;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Undefined: no gradient flows through it. */
  readonly origin: Origin | undefined;

  constructor(storage: Storage, { shape, dtype, offset = 0, origin }: { shape: Shape; dtype: DType; offset?: number; origin?: Origin }) {
    this.storage = storage;
    this.shape = shape;
    this.dtype = dtype;
    this.offset = offset;
    this.origin = origin;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  get engine(): Engine {
    return this.storage.engine;
  }

  get bytes(): number {
    return this.size * bytesPerElement[this.dtype];
  }

  /** The values, copied to the host after all that was enqueued before; bf16 and f16 as 16-bit patterns. */
  async read(): Promise<TypedArray> {
    this.expectAlive("read");
    const buffer = await this.engine.backend.read(this.storage.slot, this.offset * bytesPerElement[this.dtype], this.bytes);
    return arrayOver(this.dtype, buffer, 0, this.size);
  }

  /** The value of a one-element tensor, of bf16 as a number. */
  async item(): Promise<number> {
    if (this.size !== 1) throw new AttuneError({ code: "E_SHAPE", place: "item", expected: "one element", got: shapeText(this.shape) });
    const values = await this.read();
    return this.dtype === "bf16" ? fromBfloat16(values as Uint16Array)[0] : values[0];
  }

  /** Lets go of a tensor that was taken out of all scopes (`engine.keep`, or returned by the outermost scope). */
  dispose(): void {
    this.storage.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** E_FREED when the scope that owned the memory has ended. */
  expectAlive(op: string): void {
    if (this.storage.references > 0) return;
    throw new AttuneError({
      code: "E_FREED",
      place: op,
      problem: `a tensor ${shapeText(this.shape)} was used after the scope that made it had ended`,
      hint: "return it from the scope, or keep it with engine.keep(tensor)",
    });
  }
}
