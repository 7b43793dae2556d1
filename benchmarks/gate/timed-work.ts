// `node gate/timed-work.ts`: the work whose time is compared between two checkouts, in a fresh process of each. Prints seconds of every sample.
// Kept to what both sides have: an option that only one knows would compare different things.

import type { Spent } from "@attune/tensor";
import { BertWork } from "../lib/bert-work.ts";
import { engineFor, hasPrecision } from "../lib/engine-for.ts";
import { precisions } from "../lib/kernel-case.ts";
import type { Precision } from "../lib/kernel-case.ts";
import { pairs } from "../lib/lengths.ts";
import { Machine } from "../lib/machine.ts";

export interface Timed {
  /** Seconds of each sample, by piece of work. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
  /** Device seconds of all samples together, by command. */
  readonly spent: readonly Spent[];
}

/** MiniLM with a small vocabulary: tables cost memory and start-up, and are no part of what is compared. */
const size = { name: "MiniLM-L6", layers: 6, width: 384, heads: 12, inner: 1536, vocabulary: 2000 };
const scifact = pairs("scifact-train", { size: 4, most: 256 });
const short = pairs("stsb-train", { size: 24, most: 256 });

async function timed(machine: Machine, precision: Precision): Promise<Record<string, number[]>> {
  const { backend } = machine;
  using work = new BertWork(engineFor(backend, precision), size);
  const works = {
    [`train scifact ${precision}`]: () => work.train(scifact),
    [`train short ${precision}`]: () => work.train(short),
    [`encode scifact ${precision}`]: () => work.encode(scifact.lengths),
  };
  const samples: Record<string, number[]> = {};
  for (let round = -1; round < 4; round++) {
    for (const [name, run] of Object.entries(works)) {
      const started = performance.now();
      run().dispose();
      await backend.sync();
      if (round >= 0) (samples[name] ??= []).push((performance.now() - started) / 1000);
    }
  }
  return samples;
}

await using machine = new Machine();
const samples: Record<string, number[]> = {};
for (const precision of precisions.filter((one) => hasPrecision(machine.backend, one)))
  Object.assign(samples, await timed(machine, precision));
console.log(JSON.stringify({ samples, spent: machine.backend.profile?.() ?? [] } satisfies Timed));
