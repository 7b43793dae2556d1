// `node steps/one.ts SCENARIO PRECISION STEPS`: one scenario in a fresh process, so that its peak memory is its own. Prints one JSON object.

import type { Precision } from "../lib/kernel-case.ts";
import { Machine } from "../lib/machine.ts";
import { measureStep } from "./measure-step.ts";
import { scenarioOf } from "./scenarios.ts";

const [name, precision, steps] = process.argv.slice(2);
await using machine = new Machine();
console.log(JSON.stringify(await measureStep(scenarioOf(name), precision as Precision, machine, Number(steps))));
