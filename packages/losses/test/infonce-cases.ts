// The golden cases of InfoNCE: one file for all its peers, read by the tests of `infonce` and of its presets.

import { readGolden } from "./golden.ts";
import type { Known, Rows } from "./golden.ts";

export interface InfonceCase {
  readonly name: string;
  readonly params: {
    readonly scale?: number;
    readonly temperature?: number;
    readonly similarity?: "cos" | "dot";
    readonly normalize?: boolean;
    readonly directions?: readonly string[];
    readonly partitionMode?: string;
    readonly hardnessMode?: string | null;
    readonly hardnessStrength?: number;
    readonly candidates?: "in_batch" | "group_only" | "margin" | "own_positive_all_hard";
    readonly groupSize?: number;
    readonly margin?: number;
  };
  readonly inputs: Readonly<Record<string, Rows>>;
  readonly mask?: Rows;
  readonly expected: { readonly loss: number; readonly grads: Readonly<Record<string, Rows>> };
}

export const infonceCases = readGolden<{ cases: InfonceCase[] }>("losses/info_nce.json").cases;
const negatives = { in_batch: "in-batch", group_only: "group", margin: "in-batch", own_positive_all_hard: "own-positive-and-all-hard" };
const dashed = (name: string): string => name.replaceAll("_", "-");

/** The options of `infonce` that a case means. */
export function optionsOf({ params }: InfonceCase): object {
  const { scale, temperature = 1 / scale!, similarity, normalize, directions, partitionMode, hardnessMode } = params;
  return {
    temperature,
    similarity: normalize === false || similarity === "dot" ? "dot" : "cosine",
    negatives: negatives[params.candidates ?? "in_batch"],
    margin: params.margin ?? 0,
    ...(directions && { directions: directions.map(dashed) }),
    ...(partitionMode && { partition: dashed(partitionMode) }),
    ...(hardnessMode && { hardness: dashed(hardnessMode) }),
    hardnessStrength: params.hardnessStrength ?? 0,
  };
}

/** Candidates and gradients in one order: the columns one after another, or the passages as they are. */
export function batchOf({ inputs, expected, params, mask }: InfonceCase) {
  const columns = Object.keys(inputs).filter((name) => name !== "query");
  const candidates = columns.flatMap((name) => inputs[name]);
  const rows = inputs.query.length;
  const size = params.groupSize ?? 0;
  const known: Known = {
    targets: Int32Array.from({ length: rows }, (_, i) => i * (size || 1)),
    groups: Int32Array.from(candidates, (_, j) => (size ? Math.floor(j / size) : j % rows)),
    ...(mask && { exclude: Uint8Array.from(mask.flat()) }),
  };
  return { anchor: inputs.query, candidates, known, gradients: columns.flatMap((name) => expected.grads[name]) };
}
