// Runs step scenarios, each in a fresh process, and prints what they reached.

import { fileURLToPath } from "node:url";
import { hasPrecision } from "../lib/engine-for.ts";
import { precisions } from "../lib/kernel-case.ts";
import { Machine } from "../lib/machine.ts";
import { total } from "../lib/numbers.ts";
import { script } from "../lib/processes.ts";
import { textTable } from "../lib/table.ts";
import type { StepFigures } from "./measure-step.ts";
import { scenarios } from "./scenarios.ts";

export interface StepOptions {
  /** Words that must all occur in "name precision". */
  readonly only: readonly string[];
  /** Measured steps of each scenario. */
  readonly steps: number;
}

const head = ["step", "type", "tokens", "best tok/s", "MFU", "median tok/s", "MFU", "tensors", "process", "launches", "reserves"];

/** Prints a table of all scenarios, then where the device's time went in each. */
export async function runSteps({ only, steps }: StepOptions): Promise<void> {
  const available = await availablePrecisions();
  const chosen = scenarios
    .flatMap((scenario) => available.map((precision) => [scenario.name, precision] as const))
    .filter((names) => only.every((word) => names.join(" ").includes(word)));
  const figures: StepFigures[] = [];
  for (const [name, precision] of chosen) {
    figures.push(await script<StepFigures>(fileURLToPath(new URL("one.ts", import.meta.url)), [name, precision, String(steps)]));
  }
  for (const machine of new Set(figures.map((one) => one.machine))) console.log(`steps: ${machine}`);
  for (const line of textTable([head, ...figures.map(rowOf)])) console.log(line);
  for (const one of figures) console.log(`\n${one.scenario} ${one.precision}: ${sharesOf(one)}`);
}

async function availablePrecisions() {
  await using machine = new Machine();
  return precisions.filter((precision) => hasPrecision(machine.backend, precision));
}

function rowOf({ scenario, precision, tokens, best, median, bytesPeak, rssPeak, launches, reserves }: StepFigures): string[] {
  const rates = [best, median].flatMap(({ tokensPerSecond, mfu }) => [tokensPerSecond.toFixed(0), mfu.toFixed(2)]);
  const gigabytes = [bytesPeak, rssPeak].map((bytes) => `${(bytes / 1e9).toFixed(2)} GB`);
  return [scenario, precision, tokens.toFixed(0), ...rates, ...gigabytes, launches.toFixed(0), String(reserves)];
}

/** "linear 31 %, linearWeightGrad 30 %, …": the device's time by command, those of 1 % and more. */
function sharesOf({ spent }: StepFigures): string {
  const all = total(spent.map(({ seconds }) => seconds));
  const shown = spent.filter(({ seconds }) => seconds >= 0.01 * all);
  const rest = 1 - total(shown.map(({ seconds }) => seconds)) / all;
  return [
    ...shown.map(({ work, seconds }) => `${work} ${((100 * seconds) / all).toFixed(0)} %`),
    `others ${(100 * rest).toFixed(0)} %`,
  ].join(", ");
}
