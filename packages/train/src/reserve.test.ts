// Memory of a training on the native backend: got before the first step, and never again.

import cpu, { createCpuBackend } from "@attune/backend-cpu";
import type { Row, Sampler } from "@attune/data";
import { loadEmbeddingModel } from "@attune/embedding";
import { bertFamily } from "@attune/nn";
import { Engine } from "@attune/tensor";
import { expect, it } from "vitest";
import { files, temporaryFolder, tinyConfig, tinyFolder } from "../test/tiny.ts";
import { train } from "./run.ts";

const BATCH = 1500;
const MB = 2 ** 20;

/** Words of the texts of each batch. A step is told when the next one is enqueued, so that two short ones go before the long one. */
const lengths = [1, 1, 40];
const rows: Row[] = lengths.flatMap((words, batch) =>
  Array.from({ length: BATCH }, (_, i) => ({
    anchor: `${batch} ${i}`,
    positives: [`${Array.from({ length: words }, () => "lamp").join(" ")} ${i}`],
    negatives: [],
  })),
);
const inOrder: Sampler = {
  name: "in order",
  batches: () => lengths.map((_, batch) => Array.from({ length: BATCH }, (__, i) => batch * BATCH + i)),
  count: () => lengths.length,
};

const native = cpu.available!({}) as true | string;

it.for(["f32", "bf16"] as const)(
  "in %s: no batch asks the system for memory, however much longer it is than the first",
  async (compute, { skip }) => {
    if (native !== true) return skip(native);
    const backend = createCpuBackend();
    const engine = new Engine(backend, { compute });
    const { model } = await loadEmbeddingModel({ files }, tinyFolder, { engine, families: [bertFamily] });
    using output = temporaryFolder();
    const config = await tinyConfig(output.path, { batchSize: BATCH, epochs: 1 }, { model, rows, sampler: inOrder });
    const seen: number[] = [];
    for await (const event of train(config, { files, signal: new AbortController().signal })) {
      if (event.type === "step") seen.push(backend.counters.reserves);
    }
    expect(seen).toHaveLength(lengths.length);
    expect(new Set(seen).size, `chunks after each step: ${seen.join(" ")}`).toBe(1);
    const { bytesPeak, bytesReserved } = backend.counters;
    expect(bytesPeak).toBeGreaterThan(66 * MB); // more than the first chunk, else this shows nothing
    expect(bytesReserved).toBeLessThan(1.5 * bytesPeak + 128 * MB);
    model[Symbol.dispose]();
    expect(backend.counters.bytesLive).toBe(0);
    await backend.dispose();
  },
);
