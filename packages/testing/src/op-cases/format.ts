// The case files: one JSON per op, read by every backend and by the native test runner, so that all are held to the same numbers.

import type { Tolerance } from "../tolerances.ts";

/** A tensor by value; in the file NaN and infinities are strings, and bf16 values are numbers. */
export interface Values {
  readonly dtype: "f32" | "bf16" | "i32" | "u8";
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export type CaseOperand = Values | readonly Values[];

export interface OpCase {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, CaseOperand>>;
  /** By output; of an op that writes inputs, the changed ones under their own names. */
  readonly outputs: Readonly<Record<string, CaseOperand>>;
  /** Wider than `tolerances.f32` where sums are long or digits cancel. */
  readonly tolerance: Tolerance;
  /** `smooth`: backward can be compared with differences; `defined`: with the reference only; `none`: not at all (NaN, infinities). */
  readonly gradient: "smooth" | "defined" | "none";
}

/** True where something is kept in bf16: such a case has roundings inside, so the reference computes it in f32 and not in double. */
export function isNarrow({
  inputs,
  attributes = {},
}: {
  inputs: Readonly<Record<string, CaseOperand | undefined>>;
  attributes?: OpCase["attributes"];
}): boolean {
  return (
    Object.values(attributes).includes("bf16") ||
    Object.values(inputs)
      .flat()
      .some((values) => values?.dtype === "bf16")
  );
}

/** The JSON text of a file: a case per line. */
export function encodeCases(op: string, cases: readonly OpCase[]): string {
  const lines = cases.map(({ gradient: _, ...one }) => JSON.stringify(one, encodeNumber));
  return `{"op":${JSON.stringify(op)},"cases":[\n${lines.join(",\n")}\n]}\n`;
}

/** What is not a JSON number is a string. */
function encodeNumber(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
