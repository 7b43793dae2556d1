// The steps that are measured: model sizes by length mixes, as docs/performance.md lists them.

import { corpusBatches, pairs, uniform } from "../lib/lengths.ts";
import type { BatchLengths } from "../lib/lengths.ts";
import { bertBase, miniLm } from "../lib/sizes.ts";
import type { ModelSize } from "../lib/sizes.ts";

export interface Scenario {
  readonly name: string;
  readonly size: ModelSize;
  readonly work: "train" | "encode";
  /** Batch `step` of the recorded mix. */
  batch(step: number): BatchLengths;
}

const corpus = corpusBatches();

/** By name; every name says model, work and mix. */
export const scenarios: readonly Scenario[] = [
  {
    name: "minilm-train-scifact",
    size: miniLm,
    work: "train",
    batch: (index) => pairs("scifact-train", { size: 32, most: 256, index }),
  },
  { name: "minilm-train-short", size: miniLm, work: "train", batch: (index) => pairs("stsb-train", { size: 64, most: 256, index }) },
  {
    name: "minilm-train-negatives",
    size: miniLm,
    work: "train",
    batch: (index) => pairs("scifact-train", { size: 32, most: 256, index, negatives: 5 }),
  },
  { name: "bert-train-16x128", size: bertBase, work: "train", batch: () => uniform(16, 128) },
  {
    name: "minilm-encode-scifact",
    size: miniLm,
    work: "encode",
    batch: (index) => ({ anchors: 0, lengths: corpus[(index * 7) % corpus.length] }), // batches of all lengths, long and short in turn
  },
];

/** The scenario of that name; throws with the names that there are. */
export function scenarioOf(name: string): Scenario {
  const found = scenarios.find((one) => one.name === name);
  if (!found) throw new Error(`no step is called ${name}; there are ${scenarios.map((one) => one.name).join(", ")}`);
  return found;
}
