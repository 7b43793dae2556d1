// `node gate/counters.ts`: what steps cost by exact count, on a device that records commands and computes nothing. The numbers depend on the
// sources and the instruction set (panels have its width), on nothing else, so they are the same on every machine. Prints a flat object.

import { BertWork } from "../lib/bert-work.ts";
import { engineFor, hasPrecision } from "../lib/engine-for.ts";
import { precisions } from "../lib/kernel-case.ts";
import type { Precision } from "../lib/kernel-case.ts";
import { createRecorder } from "../lib/recorder.ts";
import { withSlowKernel } from "../lib/slow-kernel.ts";
import { scenarios } from "../steps/scenarios.ts";
import type { Scenario } from "../steps/scenarios.ts";

/** A batch per step: the largest of the first few, twice, then the others. What is asked of the system after the second must be nothing. */
async function countersOf({ name, size, work: kind, batch }: Scenario, precision: Precision): Promise<Record<string, number>> {
  const { backend: recorder, commands } = createRecorder({ keep: false });
  const backend = withSlowKernel(recorder);
  const { counters } = backend;
  using work = new BertWork(engineFor(backend, precision), size);
  const run = async (index: number): Promise<void> => {
    const one = batch(index);
    (kind === "train" ? work.train(one) : work.encode(one.lengths)).dispose();
    await backend.throttle();
  };
  const order = indicesByTokens(batch);
  const [largest] = order;
  await run(largest);
  await run(largest);
  const before = { ...counters, commands: commands() };
  for (const index of order.slice(1)) await run(index);
  await run(largest);
  const steps = order.length;
  const title = `${name} ${precision}`;
  return {
    [`${title}: launches`]: (counters.launches - before.launches) / steps,
    [`${title}: commands`]: (commands() - before.commands) / steps,
    [`${title}: bytes at peak`]: counters.bytesPeak,
    [`${title}: allocations after the largest batch`]: counters.reserves - before.reserves,
    [`${title}: bytes left by a step`]: counters.bytesLive - before.bytesLive,
  };
}

/** Numbers of the first batches, that with the most tokens first. */
function indicesByTokens(batch: Scenario["batch"], count = 5): number[] {
  const tokens = Array.from({ length: count }, (_, index) => batch(index).lengths.reduce((sum, length) => sum + length, 0));
  return tokens
    .map((_, index) => index)
    .sort((a, b) => tokens[b] - tokens[a])
    .filter((index, place) => place === 0 || tokens[index] !== tokens[0]);
}

const { backend } = createRecorder({ keep: false });
const found: Record<string, number> = {};
for (const precision of precisions.filter((one) => hasPrecision(backend, one))) {
  for (const scenario of scenarios) Object.assign(found, await countersOf(scenario, precision));
}
console.log(JSON.stringify(found));
