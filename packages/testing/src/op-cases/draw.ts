// Input values of the op cases, the same on every machine. Floats lie on the grid k/1024, so that they are exact in single precision.

import { createRandom } from "@attune/core";
import type { Random } from "@attune/core";
import { roundToBfloat16 } from "@attune/tensor";
import type { Values } from "./format.ts";

/** A case before the reference has computed what it should give. */
export interface CaseInput {
  readonly name: string;
  readonly inputs: Readonly<Record<string, Values | readonly Values[] | undefined>>;
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Terms of the longest sum: widens the tolerance. Default 1. */
  readonly terms?: number;
  /** How many times wider than usual, where digits cancel. Default 1. */
  readonly widen?: number;
  /** In bf16: nothing is rounded after a sum but the results, so that all others agree to single precision. Default false. */
  readonly exact?: boolean;
  /** Something is rounded to the operands' type on the way: what is expected is computed in single precision, not in double. Default false. */
  readonly single?: boolean;
  /** Default `smooth`. */
  readonly gradient?: "smooth" | "defined" | "none";
}

/** The cases of each op of a family. */
export type CaseTable = Readonly<Record<string, (draw: Draw) => readonly CaseInput[]>>;

export class Draw {
  readonly #random: Random;

  constructor(op: string) {
    this.#random = createRandom(1, `op-cases/${op}`);
  }

  /** Standard normal times `scale`, plus `mean`. */
  normal(shape: readonly number[], { scale = 1, mean = 0 }: { scale?: number; mean?: number } = {}): Values {
    return f32(
      shape,
      this.#fill(shape, () => onGrid(mean + scale * this.#random.normal())),
    );
  }

  /** Standard normal in the shape and type of another operand. */
  like(other: Values | readonly Values[] | undefined): Values {
    const { shape, dtype } = other as Values;
    return dtype === "bf16" ? this.narrow(shape) : this.normal(shape);
  }

  /** Standard normal times `scale`, in bf16. */
  narrow(shape: readonly number[], options?: { scale?: number; mean?: number }): Values {
    return bf16(shape, this.normal(shape, options).data);
  }

  /** From `low` to below `high`. */
  uniform(shape: readonly number[], low: number, high: number): Values {
    return f32(
      shape,
      this.#fill(shape, () => onGrid(low + (high - low) * this.#random.uniform())),
    );
  }

  /** At least 1/8 away from 0, on both sides: where functions have kinks or poles. */
  awayFromZero(shape: readonly number[]): Values {
    return f32(
      shape,
      this.#fill(shape, () => onGrid((this.#random.uniform() < 0.5 ? -1 : 1) * (0.125 + 1.5 * this.#random.uniform()))),
    );
  }

  /** Distinct values at least 1/16 apart, in random order: no ties. */
  distinct(shape: readonly number[]): Values {
    const size = shape.reduce((product, length) => product * length, 1);
    return f32(shape, this.#random.shuffle(Array.from({ length: size }, (_, i) => (i - size / 2) / 16)));
  }

  /** Whole numbers from 0 to below `limit` as floats, plus `shift`: ties where they are meant, and none where shifts differ. */
  integersAsFloats(shape: readonly number[], limit: number, shift = 0): Values {
    return f32(
      shape,
      this.#fill(shape, () => this.#random.below(limit) + shift),
    );
  }

  /** i32 from 0 to below `limit`. */
  integers(shape: readonly number[], limit: number): Values {
    return i32(
      shape,
      this.#fill(shape, () => this.#random.below(limit)),
    );
  }

  /** u8, 1 with probability `p`. */
  mask(shape: readonly number[], p = 0.4): Values {
    return { dtype: "u8", shape, data: this.#fill(shape, () => (this.#random.uniform() < p ? 1 : 0)) };
  }

  #fill(shape: readonly number[], value: () => number): number[] {
    return Array.from({ length: shape.reduce((product, length) => product * length, 1) }, value);
  }
}

/** Float values as given. */
export function f32(shape: readonly number[], data: readonly number[]): Values {
  return { dtype: "f32", shape, data };
}

/** The nearest bf16 values. */
function bf16(shape: readonly number[], data: readonly number[]): Values {
  return { dtype: "bf16", shape, data: data.map(roundToBfloat16) };
}

/** Integers as given. */
export function i32(shape: readonly number[], data: readonly number[]): Values {
  return { dtype: "i32", shape, data };
}

/** NaN, both infinities, zero and a plain number. */
export const special: Values = f32([5], [NaN, Infinity, -Infinity, 0, 1.5]);

/** A dropout mask that exercises every field. */
export const randomMask = { p: 0.3, seed: 2 ** 40 + 12345, step: 7, site: 0xdeadbeef, row: 5 } as const;

const onGrid = (value: number): number => Math.round(value * 1024) / 1024 + 0;
