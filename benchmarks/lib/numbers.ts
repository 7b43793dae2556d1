// Numbers that benchmarks compute with and print.

/** Values in [-0.5, 0.5] times `scale`, the same everywhere. */
export function ramp(count: number, scale: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => (((i * 7919) % 61) / 61 - 0.5) * scale);
}

export const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
