// Losses of single data sets: which one a training example is for.

import type { Example, LoadedFile, Row } from "@attune/data";
import type { Loss } from "@attune/losses";
import type { TrainConfig } from "@attune/train";
import type { Runtime } from "../runtime.ts";
import { resolveChoice } from "../settings/choice.ts";
import type { DataSet } from "./data-sets.ts";

export interface SetLosses {
  readonly lossFor: NonNullable<TrainConfig["lossFor"]>;
  /** The number of an example's data set. */
  setOf(example: Example): number;
}

/** The losses of all data sets, `fallback` for those that name none; undefined where no set names one. `rows`: those of `all` that are trained on. */
export async function setLosses(
  sets: readonly DataSet[],
  fallback: Loss,
  { rows, all, files }: { rows: readonly Row[]; all: readonly Row[]; files: readonly LoadedFile[] },
  { context }: Runtime,
): Promise<SetLosses | undefined> {
  if (sets.every(({ loss }) => loss === undefined)) return undefined;
  const losses: Loss[] = [];
  for (const { loss } of sets) {
    if (loss === undefined) losses.push(fallback);
    else {
      const { plugin, options } = resolveChoice(context.registry, "loss", loss);
      losses.push(await context.registry.create("loss", plugin, options, context));
    }
  }
  const setOfRow = new Map<Row, number>();
  let at = 0;
  for (const { source, rows: count } of files) for (const end = at + count; at < end; at++) setOfRow.set(all[at], source);
  const setOf = (rowIndex: number): number => setOfRow.get(rows[rowIndex])!;
  return {
    lossFor: { losses: [...new Set(losses)], of: (rowIndex) => losses[setOf(rowIndex)] },
    setOf: ({ rowIndex }) => setOf(rowIndex),
  };
}
