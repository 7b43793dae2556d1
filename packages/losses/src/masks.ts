// Host-made masks over [rows columns].

import type { Shape } from "@attune/tensor";

/** A question about one pair. */
export type Where = (row: number, column: number) => boolean;

/** 1 where `where(row, column)`, [rows · columns]. */
export function maskWhere([rows, columns]: Shape, where: Where): Uint8Array {
  const mask = new Uint8Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) if (where(i, j)) mask[i * columns + j] = 1;
  return mask;
}
