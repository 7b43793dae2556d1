// Runs kernel cases and prints a line for each command: GFLOP/s or GB/s, and the fraction of what the machine can do.

import { measureKernel } from "../lib/kernel-case.ts";
import type { KernelCase, Measured } from "../lib/kernel-case.ts";
import { Machine } from "../lib/machine.ts";
import { textTable } from "../lib/table.ts";
import { attentionCases } from "./attention.ts";
import { gemmCases } from "./gemm.ts";
import { rowCases } from "./rows.ts";

export const kernelFamilies: Readonly<Record<string, () => KernelCase[]>> = { gemm: gemmCases, attention: attentionCases, rows: rowCases };

export interface KernelOptions {
  /** Words that must all occur in "name precision command". */
  readonly only: readonly string[];
  /** For each case. */
  readonly seconds: number;
}

/** Runs the cases of a family on a machine. */
export async function runKernels(family: string, { only, seconds }: KernelOptions): Promise<void> {
  await using machine = new Machine();
  const cases = kernelFamilies[family]().filter((one) => matches(one, only));
  const skipped = machine.hasBf16 ? [] : cases.filter(({ precision }) => precision === "bf16");
  const measured: Measured[] = [];
  for (const one of cases) {
    if (skipped.includes(one)) continue;
    measured.push(...(await measureKernel(one, machine, { seconds })));
    machine.probe();
  }
  const stream = measured.some(isStream) ? `, copies ${(machine.streamBytes / 1e9).toFixed(0)} GB/s` : "";
  console.log(`${family}: ${machine.description}${stream}`);
  if (skipped.length > 0) console.log(`${skipped.length} bf16 cases left out: this backend has no bf16 kernels`);
  const head = ["shape", "type", "command", "best", "of peak", "median", "of peak", "difference"];
  for (const line of textTable([head, ...measured.map((one) => rowOf(one, machine))])) console.log(line);
}

function matches({ name, precision, costs }: KernelCase, words: readonly string[]): boolean {
  const text = `${name} ${precision} ${Object.keys(costs).join(" ")}`.toLowerCase();
  return words.every((word) => text.includes(word.toLowerCase()));
}

const isStream = ({ case: { costs }, command }: Measured): boolean => "bytes" in costs[command];

/** Share of the machine's peak for a time of one call. */
export function fractionOfPeak({ case: { costs }, command }: Measured, seconds: number, machine: Machine): number {
  const cost = costs[command];
  return "flops" in cost ? cost.flops / seconds / machine.peakFlops : cost.bytes / seconds / machine.streamBytes;
}

function rowOf(measured: Measured, machine: Machine): string[] {
  const { case: one, command, timing, difference } = measured;
  const left = [one.name, one.precision, command];
  if (!timing) return [...left, "other commands", "", "", "", difference.toExponential(0)];
  const cost = one.costs[command];
  const rate = (seconds: number): string[] => [
    "flops" in cost ? `${(cost.flops / seconds / 1e9).toFixed(1)} GFLOP/s` : `${(cost.bytes / seconds / 1e9).toFixed(1)} GB/s`,
    fractionOfPeak(measured, seconds, machine).toFixed(2),
  ];
  return [...left, ...rate(timing.best), ...rate(timing.median), difference.toExponential(0)];
}
