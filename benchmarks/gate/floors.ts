// Fractions of the machine's own peak that kernels and steps must not fall below, by instruction set. A clock on a machine that others use may
// be wrong, so a floor warns there; where nothing else runs (ATTUNE_BENCH_STRICT=1) it fails.

import { hasPrecision } from "../lib/engine-for.ts";
import { measureKernel, precisions } from "../lib/kernel-case.ts";
import type { KernelCase } from "../lib/kernel-case.ts";
import { Machine } from "../lib/machine.ts";
import { attentionCases } from "../kernels/attention.ts";
import { gemmCases } from "../kernels/gemm.ts";
import { rowCases } from "../kernels/rows.ts";
import { fractionOfPeak } from "../kernels/run.ts";
import { measureStep } from "../steps/measure-step.ts";
import { scenarioOf } from "../steps/scenarios.ts";

export interface Fractions {
  readonly isa: string;
  readonly description: string;
  /** Best fraction of peak by "linear fp32 MiniLM up …". */
  readonly fractions: Readonly<Record<string, number>>;
}

/** The kernels that nine tenths of a step are made of, and a few that a careless change slows most. */
const kernels = ["MiniLM up", "MiniLM down", "SciFact batch of 32, 12 heads of 32", "dropout, residual, layer norm [8192", "AdamW"];
const steps = ["minilm-train-short", "minilm-encode-scifact"];

/** Measures all of them once, each for about half a second, in this process. */
export async function measureFractions(): Promise<Fractions> {
  await using machine = new Machine();
  const fractions: Record<string, number> = {};
  for (const one of [...gemmCases(), ...attentionCases(), ...rowCases()].filter(isChosen(machine))) {
    for (const measured of await measureKernel(one, machine, { seconds: 0.5 })) {
      if (!measured.timing) continue;
      fractions[`${measured.command} ${one.precision}, ${one.name}`] = fractionOfPeak(measured, measured.timing.best, machine);
    }
    machine.probe();
  }
  for (const precision of precisions.filter((one) => hasPrecision(machine.backend, one))) {
    for (const name of steps)
      fractions[`${name} ${precision}, MFU`] = (await measureStep(scenarioOf(name), precision, machine, 4)).best.mfu;
  }
  return { isa: machine.isa, description: machine.description, fractions };
}

const isChosen =
  ({ backend }: Machine) =>
  ({ name, precision }: KernelCase): boolean =>
    hasPrecision(backend, precision) && kernels.some((start) => name.startsWith(start));
