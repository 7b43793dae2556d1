// Embeddings in a byte or a bit per dimension. Codes are plain integers in input order; nothing here searches them.

import { AttuneError } from "@attune/core";

/** What a dimension becomes: a whole byte within calibrated ranges, or its sign. */
export const embeddingPrecisions = ["int8", "uint8", "binary", "ubinary"] as const;
export type EmbeddingPrecision = (typeof embeddingPrecisions)[number];

/** The smallest and the largest value of each dimension, both [D]. */
export interface Ranges {
  readonly low: Float32Array;
  readonly high: Float32Array;
}

export interface QuantizeOptions {
  readonly precision: EmbeddingPrecision;
  /** D */
  readonly dimension: number;
  /** For int8 and uint8; those of the embeddings themselves unless given. */
  readonly ranges?: Ranges;
}

/** Ranges of embeddings [N D], better those of many texts than of the few to be coded. E_SHAPE for none; E_NON_FINITE. */
export function calibrate(embeddings: Float32Array, dimension: number): Ranges {
  expectRows(embeddings, dimension, "calibration");
  expectFinite(embeddings, dimension, "calibration");
  const low = embeddings.slice(0, dimension);
  const high = embeddings.slice(0, dimension);
  for (let start = dimension; start < embeddings.length; start += dimension) {
    for (let d = 0; d < dimension; d++) {
      const value = embeddings[start + d];
      if (value < low[d]) low[d] = value;
      if (value > high[d]) high[d] = value;
    }
  }
  return { low, high };
}

/**
 * Codes of embeddings [N D]: [N D] for int8 and uint8, [N ⌈D/8⌉] bits, the first dimension highest, for binary and ubinary.
 * Semantics of sentence-transformers' quantize_embeddings, in f32 as there. E_SHAPE, also for ranges of another width; E_NON_FINITE for NaN and
 * infinite numbers, which no code can stand for.
 */
export function quantizeEmbeddings(embeddings: Float32Array, { precision, dimension, ranges }: QuantizeOptions): Int8Array | Uint8Array {
  expectRows(embeddings, dimension, "embeddings");
  expectFinite(embeddings, dimension, "quantize");
  if (precision === "binary" || precision === "ubinary") {
    const bits = packSigns(embeddings, dimension);
    return precision === "ubinary" ? bits : Int8Array.from(bits, (byte) => byte - 128);
  }
  if (ranges) expectRanges(ranges, dimension);
  const bytes = inRanges(embeddings, ranges ?? calibrate(embeddings, dimension));
  return precision === "uint8" ? bytes : Int8Array.from(bytes, (byte) => byte - 128);
}

/** Bytes that one embedding takes. */
export function bytesPerEmbedding(precision: EmbeddingPrecision | "float32", dimension: number): number {
  if (precision === "float32") return 4 * dimension;
  return precision === "int8" || precision === "uint8" ? dimension : Math.ceil(dimension / 8);
}

/** floor((x - low) / step) within 0 … 255, step = (high - low) / 255, or 1 where a dimension never varies. */
function inRanges(embeddings: Float32Array, { low, high }: Ranges): Uint8Array {
  const dimension = low.length;
  const steps = low.map((value, d) => Math.fround(Math.fround(high[d] - value) / 255) || 1);
  return Uint8Array.from(embeddings, (value, i) => {
    const d = i % dimension;
    return Math.min(255, Math.max(0, Math.floor(Math.fround(Math.fround(value - low[d]) / steps[d]))));
  });
}

/** A bit for each value above 0; the last byte of a row is filled with zeros. */
function packSigns(embeddings: Float32Array, dimension: number): Uint8Array {
  const width = Math.ceil(dimension / 8);
  const bits = new Uint8Array((embeddings.length / dimension) * width);
  embeddings.forEach((value, i) => {
    const [row, d] = [Math.floor(i / dimension), i % dimension];
    if (value > 0) bits[row * width + (d >> 3)] |= 0x80 >> (d & 7);
  });
  return bits;
}

function expectRows(embeddings: Float32Array, dimension: number, place: string): void {
  if (dimension > 0 && embeddings.length > 0 && embeddings.length % dimension === 0) return;
  const expected = `whole embeddings of ${dimension} numbers`;
  throw new AttuneError({ code: "E_SHAPE", place, expected, got: `${embeddings.length} numbers` });
}

function expectRanges({ low, high }: Ranges, dimension: number): void {
  if (low.length !== dimension || high.length !== dimension) {
    const [expected, got] = [`two lists of ${dimension} numbers`, `${low.length} low and ${high.length} high ones`];
    throw new AttuneError({ code: "E_SHAPE", place: "ranges", expected, got, hint: "calibrate with embeddings of the same width" });
  }
  const bad = low.findIndex((value, d) => !Number.isFinite(value) || !Number.isFinite(high[d]));
  if (bad < 0) return;
  const problem = `${low[bad]} to ${high[bad]} in dimension ${bad}`;
  throw new AttuneError({ code: "E_NON_FINITE", place: "ranges", problem, hint: "calibrate again" });
}

/** E_NON_FINITE for NaN and infinite numbers in embeddings [N D]. */
export function expectFinite(embeddings: Float32Array, dimension: number, place: string): void {
  const bad = embeddings.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  const problem = `${embeddings[bad]} in embedding ${Math.floor(bad / dimension)}, dimension ${bad % dimension}`;
  throw new AttuneError({ code: "E_NON_FINITE", place, problem });
}
