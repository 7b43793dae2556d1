// Random batches as losses see them, on the host, and the same batches in another order.

import { createRandom } from "@attune/core";
import type { Random } from "@attune/core";
import type { LossBatch } from "@attune/losses";
import type { Floats } from "./gradcheck.ts";

/** A batch by value. */
export interface HostBatch {
  /** [B D] */
  readonly anchor: Floats;
  /** [M D]: the positives, then each row's negatives. */
  readonly candidates: Floats;
  readonly known: Required<Pick<LossBatch, "targets" | "groups" | "labels">> & Pick<LossBatch, "exclude">;
}

/** D */
const width = 5;

/** How a batch is drawn. */
export interface DrawOptions {
  label(random: Random): number;
  /** Exclude about a third of the pairs, never a row's own positive. */
  readonly excluded: boolean;
}

/** Normal embeddings for rows with so many hard negatives each. */
export function drawBatch(negatives: readonly number[], { label, excluded }: DrawOptions): HostBatch {
  const random = createRandom(7, `loss/${negatives.join()}`);
  const rows = negatives.map((_, i) => i);
  const groups = [...rows, ...negatives.flatMap((count, i) => Array.from({ length: count }, () => i))];
  const normals = (count: number): Floats => ({
    shape: [count, width],
    data: Array.from({ length: count * width }, () => random.normal()),
  });
  const exclude = Uint8Array.from(rows.flatMap((i) => groups.map((_, j) => (j !== i && random.uniform() < 1 / 3 ? 1 : 0))));
  return {
    anchor: normals(rows.length),
    candidates: normals(groups.length),
    known: {
      targets: Int32Array.from(rows),
      groups: Int32Array.from(groups),
      labels: Float32Array.from(rows, () => label(random)),
      ...(excluded && { exclude }),
    },
  };
}

/** The same batch with anchors and candidates in another order; `rows` and `columns` tell where each one was. */
export function shuffled({ anchor, candidates, known }: HostBatch): { batch: HostBatch; rows: number[]; columns: number[] } {
  const random = createRandom(8, "loss/shuffle");
  const order = (length: number): number[] => random.shuffle(Array.from({ length }, (_, i) => i));
  const rows = order(anchor.shape[0]);
  const columns = order(candidates.shape[0]);
  const pick = ({ shape, data }: Floats, from: readonly number[]): Floats => ({
    shape,
    data: from.flatMap((i) => data.slice(i * width, (i + 1) * width)),
  });
  const { targets, groups, labels, exclude } = known;
  return {
    batch: {
      anchor: pick(anchor, rows),
      candidates: pick(candidates, columns),
      known: {
        targets: Int32Array.from(rows, (i) => columns.indexOf(targets[i])),
        groups: Int32Array.from(columns, (j) => rows.indexOf(groups[j])),
        labels: Float32Array.from(rows, (i) => labels[i]),
        ...(exclude && { exclude: Uint8Array.from(rows.flatMap((i) => columns.map((j) => exclude[i * columns.length + j]))) }),
      },
    },
    rows,
    columns,
  };
}
