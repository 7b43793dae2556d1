// One scenario in this process: steps of recorded batches, timed one by one, each with the device's queue empty before and after.

import type { Counters, Spent } from "@attune/tensor";
import { chosenClock, now } from "../lib/clock.ts";
import { BertWork } from "../lib/bert-work.ts";
import { engineFor } from "../lib/engine-for.ts";
import type { Precision } from "../lib/kernel-case.ts";
import type { Machine } from "../lib/machine.ts";
import { median, total } from "../lib/numbers.ts";
import { forwardFlops, trainingFlops } from "../lib/sizes.ts";
import type { Scenario } from "./scenarios.ts";

export interface StepFigures {
  readonly scenario: string;
  readonly precision: Precision;
  readonly machine: string;
  readonly isa: string;
  /** Real tokens a second and share of the machine's own peak: of the fastest step, and of the middle one. */
  readonly best: { readonly tokensPerSecond: number; readonly mfu: number };
  readonly median: { readonly tokensPerSecond: number; readonly mfu: number };
  readonly tokens: number;
  readonly launches: number;
  /** Times that memory was asked of the system in the measured steps. */
  readonly reserves: number;
  /** Of tensors, and of the whole process. */
  readonly bytesPeak: number;
  readonly rssPeak: number;
  /** Device time of the measured steps. */
  readonly spent: readonly Spent[];
}

/** Runs two steps unmeasured, then `steps`. */
export async function measureStep(scenario: Scenario, precision: Precision, machine: Machine, steps: number): Promise<StepFigures> {
  const { backend } = machine;
  const clock = chosenClock(machine.threads);
  using work = new BertWork(engineFor(backend, precision), scenario.size);
  const samples: { tokens: number; seconds: number; flops: number }[] = [];
  let before: Counters = { ...backend.counters };
  let spentBefore: readonly Spent[] = [];
  for (let step = -2; step < steps; step++) {
    if (step === 0) {
      before = { ...backend.counters };
      spentBefore = backend.profile?.() ?? [];
    }
    const batch = scenario.batch(Math.max(0, step));
    const { lengths } = batch;
    const started = now(clock);
    (scenario.work === "train" ? work.train(batch) : work.encode(lengths)).dispose();
    await backend.sync();
    const seconds = now(clock) - started;
    if (step >= 0) {
      const flops = (scenario.work === "train" ? trainingFlops : forwardFlops)(scenario.size, lengths);
      samples.push({ tokens: total(lengths), seconds, flops });
    }
    machine.probe();
  }
  const figures = (pick: (rates: number[]) => number) => ({
    tokensPerSecond: pick(samples.map(({ tokens, seconds }) => tokens / seconds)),
    mfu: pick(samples.map(({ flops, seconds }) => flops / seconds)) / machine.peakFlops,
  });
  const { launches, reserves, bytesPeak } = backend.counters;
  return {
    scenario: scenario.name,
    precision,
    machine: `${machine.description}${clock === "wall" ? "" : ", processor time"}`,
    isa: machine.isa,
    best: figures((rates) => Math.max(...rates)),
    median: figures(median),
    tokens: total(samples.map(({ tokens }) => tokens)) / steps,
    launches: (launches - before.launches) / steps,
    reserves: reserves - before.reserves,
    bytesPeak,
    rssPeak: process.resourceUsage().maxRSS * 1024,
    spent: since(spentBefore, backend.profile?.() ?? []),
  };
}

function since(before: readonly Spent[], after: readonly Spent[]): Spent[] {
  const earlier = new Map(before.map((one) => [one.work, one]));
  return after
    .map(({ work, calls, seconds }) => ({
      work,
      calls: calls - (earlier.get(work)?.calls ?? 0),
      seconds: seconds - (earlier.get(work)?.seconds ?? 0),
    }))
    .filter(({ calls }) => calls > 0)
    .sort((a, b) => b.seconds - a.seconds);
}
