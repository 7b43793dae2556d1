// The reference matrix product: four rows of the result at a time, each accumulated in double over whole rows of B, so that memory is read
// in order and one load of B serves four multiplications. Sums run over k in ascending order.

import type { TypedArray } from "../dtype.ts";

export interface Gemm {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly a: TypedArray;
  readonly b: TypedArray;
  readonly y: TypedArray;
  /** a is stored [K M]. */
  readonly transA?: boolean;
  /** b is stored [N K]. */
  readonly transB?: boolean;
  readonly alpha?: number;
  /** Add to what y holds. */
  readonly accumulate?: boolean;
}

/** y [M N] = alpha · op(a) · op(b), or added to y. */
export function gemm({ M, N, K, a, b, y, transA = false, transB = false, alpha = 1, accumulate = false }: Gemm): void {
  const columns = transB ? transposed(b, N, K) : b; // [K N]
  const rowStep = transA ? 1 : K;
  const depthStep = transA ? M : 1;
  const sums = [0, 1, 2, 3].map(() => new Float64Array(N));
  for (let i = 0; i < M; i += 4) {
    const rows = Math.min(4, M - i);
    for (const one of sums) one.fill(0);
    if (rows === 4) addFourRows(sums, a, i * rowStep, rowStep, depthStep, columns, K);
    else for (let r = 0; r < rows; r++) addRow(sums[r], a, (i + r) * rowStep, depthStep, columns, K);
    for (let r = 0; r < rows; r++) {
      const at = (i + r) * N;
      for (let j = 0; j < N; j++) y[at + j] = accumulate ? y[at + j] + alpha * sums[r][j] : alpha * sums[r][j];
    }
  }
}

/** sums[r] = Σ_k a[r, k] · b[k, :] for four rows r. */
function addFourRows(
  [s0, s1, s2, s3]: Float64Array[],
  a: TypedArray,
  start: number,
  rowStep: number,
  depthStep: number,
  b: TypedArray,
  K: number,
): void {
  const N = s0.length;
  for (let k = 0; k < K; k++) {
    const at = start + k * depthStep;
    const a0 = a[at];
    const a1 = a[at + rowStep];
    const a2 = a[at + 2 * rowStep];
    const a3 = a[at + 3 * rowStep];
    for (let j = 0, from = k * N; j < N; j++, from++) {
      const value = b[from];
      s0[j] += a0 * value;
      s1[j] += a1 * value;
      s2[j] += a2 * value;
      s3[j] += a3 * value;
    }
  }
}

/** sum = Σ_k a[k] · b[k, :]. */
function addRow(sum: Float64Array, a: TypedArray, start: number, depthStep: number, b: TypedArray, K: number): void {
  const N = sum.length;
  for (let k = 0; k < K; k++) {
    const factor = a[start + k * depthStep];
    for (let j = 0, from = k * N; j < N; j++, from++) sum[j] += factor * b[from];
  }
}

/** [rows columns] as [columns rows]. */
function transposed(x: TypedArray, rows: number, columns: number): TypedArray {
  const y = x.slice();
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) y[c * rows + r] = x[r * columns + c];
  return y;
}
