// Exact search of 1,000 queries over 50,000 x 384, k = 100, beside the plain product of that size on the same backend: interleaved, minima of each, and
// their ratio. Checked against sorting before anything is timed.

import { createCpuBackend } from "@attune/backend-cpu";
import { createNodeFiles } from "@attune/files-node";
import { createExactIndex, exactSearch } from "@attune/search";
import { Engine, matmul } from "@attune/tensor";
import { structuredVectors } from "@attune/testing";

const [D, N, Q, K, ROUNDS] = [384, 50_000, 1000, 100, 7];

const table = structuredVectors({ dimension: D });
const corpus = table.rows(0, N);
const queries = table.rows(1 << 30, Q);
const backend = createCpuBackend();
const engine = new Engine(backend);
const index = createExactIndex(engine, createNodeFiles(), { metric: "ip" });
await index.add(
  Uint32Array.from({ length: N }, (_, i) => i),
  corpus,
);

/** The first query's hits by sorting all scores; neighbours nearer than rounding may change places. */
function expectRight(ids: Uint32Array | Int32Array): void {
  const scores = Float64Array.from({ length: N }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < D; i++) sum += queries[i] * corpus[row * D + i];
    return sum;
  });
  const least = scores.toSorted().at(-K)!;
  for (const id of ids.subarray(0, K)) if (scores[id] < least - 1e-6) throw new Error(`row ${id} is none of the ${K} best`);
}

const works: Readonly<Record<string, () => Promise<unknown>>> = {
  async product() {
    engine.noGradient(() =>
      engine.scope(() => void matmul(engine.from(queries, [Q, D], "f32"), engine.from(corpus, [N, D], "f32"), { transB: true })),
    );
    await backend.sync();
  },
  exactSearch: () => exactSearch(engine, queries, corpus, { k: K, dimension: D }),
  "index exact": () => index.search(queries, K),
};

expectRight((await exactSearch(engine, queries, corpus, { k: K, dimension: D })).index);
expectRight((await index.search(queries, K)).ids);
const times: Record<string, number[]> = { product: [], exactSearch: [], "index exact": [] };
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, work] of Object.entries(works)) {
    const began = performance.now();
    await work();
    times[name].push(performance.now() - began);
  }
}
const best = (name: string): number => Math.min(...times[name]);
const gflops = (2 * Q * N * D) / best("product") / 1e6;
process.stdout.write(
  `${backend.description}: product [${Q} ${D}]·[${D} ${N}] ${best("product").toFixed(0)} ms, ${gflops.toFixed(0)} GFLOP/s\n`,
);
for (const name of ["exactSearch", "index exact"]) {
  process.stdout.write(`${name}, k ${K}: ${best(name).toFixed(0)} ms, ${(best(name) / best("product")).toFixed(2)} of the product\n`);
}
await index[Symbol.asyncDispose]();
await backend.dispose();
