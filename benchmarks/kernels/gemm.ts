// Dense layers at the shapes that training meets: forward, gradient of the input, gradient of the weights. GFLOP/s, and the fraction of the
// machine's own peak measured in the same process (register-only multiply-adds, best of several before and after).

import { loadAddon, createCpuBackend } from "@attune/backend-cpu";
import { createReferenceBackend, Engine, linearInputGradOp, linearOp, linearWeightGradOp } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { benchSynced, ramp } from "../lib/measure.ts";

const shapes = [
  { t: 8192, k: 384, n: 384 },
  { t: 8192, k: 384, n: 1536 },
  { t: 8192, k: 1536, n: 384 },
  { t: 2048, k: 768, n: 3072 },
  { t: 64, k: 384, n: 384 },
] as const;

type Operands = { x: Tensor; weight: Tensor; bias: Tensor; dy: Tensor; dWeight: Tensor; dBias: Tensor };

const works: Record<string, (operands: Operands) => Tensor> = {
  forward: ({ x, weight, bias }) => linearOp({ x, weight: [weight], bias: [bias] }, { before: "none", after: "none", lowScale: 0 }).y,
  "forward, gelu before": ({ x, weight, bias }) =>
    linearOp({ x, weight: [weight], bias: [bias] }, { before: "gelu", after: "none", lowScale: 0 }).y,
  dX: ({ dy, weight }) => linearInputGradOp({ dy, weight: [weight] }, { before: "none" }).dx,
  dW: ({ dy, x, dWeight, dBias }) => {
    const parts = [{ row: 0, rows: dWeight.shape[0], weight: 0, bias: 0 }];
    linearWeightGradOp(
      { dy, x, dWeight: [dWeight], dBias: [dBias] },
      { before: "none", accumulateWeight: [false], accumulateBias: [false], parts },
    );
    return dWeight;
  },
};

function operandsOf(engine: Engine, { t, k, n }: { t: number; k: number; n: number }): Operands {
  const make = (...shape: number[]): Tensor =>
    engine.scope(() => engine.from(ramp(shape.reduce((size, length) => size * length, 1)), shape));
  return { x: make(t, k), weight: make(n, k), bias: make(n), dy: make(t, n), dWeight: make(n, k), dBias: make(n) };
}

/** Largest difference to the reference at a small number of rows, relative to the largest value. */
async function check(engine: Engine, name: string, k: number, n: number): Promise<number> {
  const results: Float32Array[] = [];
  for (const one of [engine, new Engine(createReferenceBackend())]) {
    const operands = operandsOf(one, { t: 67, k, n });
    const y = one.noGradient(() => one.scope(() => works[name](operands)));
    results.push((await y.read()) as Float32Array);
  }
  const [got, expected] = results;
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return got.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i])), 0) / largest;
}

const backend = createCpuBackend();
const engine = new Engine(backend);
const machine = new (loadAddon().Instance)();
let peak = machine.peakFlops();
const rows: { shape: string; work: string; difference: number; best: number; median: number; flops: number }[] = [];
for (const shape of shapes) {
  const { t, k, n } = shape;
  const operands = operandsOf(engine, shape);
  for (const [work, run] of Object.entries(works)) {
    const difference = await check(engine, work, k, n);
    if (difference > 1e-5) throw new Error(`${work} [${t} ${k}]·[${k} ${n}] differs from the reference by ${difference}`);
    const timing = await benchSynced(backend, engine, () => run(operands), { seconds: 0.6 });
    rows.push({ shape: `[${t} ${k}]·[${k} ${n}]`, work, difference, ...timing, flops: 2 * t * k * n });
  }
  peak = Math.max(peak, machine.peakFlops());
}
process.stdout.write(`${backend.description}, own peak ${(peak / 1e9).toFixed(0)} GFLOP/s\n`);
for (const { shape, work, best, median, flops, difference } of rows) {
  const rate = (seconds: number): string =>
    `${(flops / seconds / 1e9).toFixed(0).padStart(5)} GFLOP/s ${(flops / seconds / peak).toFixed(2)}`;
  process.stdout.write(
    `${shape.padEnd(24)} ${work.padEnd(22)} best ${rate(best)}   median ${rate(median)}   difference ${difference.toExponential(0)}\n`,
  );
}
machine.close();
await backend.dispose();
