// bf16 on the host: the upper half of a single-precision number, rounded to the nearest, ties to even. Devices hold the 16-bit patterns; the
// reference computes with the numbers.

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** The 16-bit pattern of the bf16 nearest to x; NaN stays NaN, and what is too large becomes an infinity. */
function patternOf(x: number): number {
  single[0] = x;
  if (Number.isNaN(x)) return (bits[0] >>> 16) | 0x40;
  return (bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) >>> 16;
}

/** The number that a pattern stands for. */
function numberOf(pattern: number): number {
  bits[0] = pattern << 16;
  return single[0];
}

/** The bf16 nearest to x, as a number. */
export function roundToBfloat16(x: number): number {
  return numberOf(patternOf(x));
}

/** The patterns of the nearest bf16 numbers. */
export function toBfloat16(values: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(values, patternOf);
}

/** The numbers that patterns stand for: what `Tensor.read` gives of a bf16 tensor, as floats. */
export function fromBfloat16(patterns: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(patterns, numberOf);
}
