// Timing work on a backend. The only way to time synchronises inside the timed region; what is timed was checked against the reference before.

import { Engine } from "@attune/tensor";
import type { Backend } from "@attune/tensor";
import { Bench } from "tinybench";

export interface Timing {
  /** Seconds of one call: the fastest and the middle one. */
  readonly best: number;
  readonly median: number;
}

/** Enqueues `work` repeatedly, each call in a scope of its own, and waits for the device inside of every sample. */
export async function benchSynced(
  backend: Backend,
  engine: Engine,
  work: () => void,
  { seconds = 1, calls = 4 }: { seconds?: number; calls?: number } = {},
): Promise<Timing> {
  const bench = new Bench({ time: seconds * 1000, warmupTime: 0, warmupIterations: 2, iterations: 5 });
  bench.add("work", async () => {
    for (let i = 0; i < calls; i++) engine.noGradient(() => engine.scope(() => void work()));
    await backend.sync();
  });
  await bench.run();
  const result = bench.tasks[0].result;
  if (!("latency" in result)) throw new Error("the benchmark did not finish");
  return { best: result.latency.min / 1000 / calls, median: result.latency.p50 / 1000 / calls };
}

/** Small integers, exact in f32 products: a fast kernel must agree with the plain loop to rounding. */
export function ramp(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => ((i * 7919) % 61) / 61 - 0.5);
}
