// `npm run bench -- NAME …`: the benchmarks by name. Each says what it measures and on what machine; none of them judges (`npm run gate` does).

import { parseArgs } from "node:util";
import { kernelFamilies, runKernels } from "./kernels/run.ts";
import { runSteps } from "./steps/run.ts";

const usage = `npm run bench -- gemm|attention|rows [--only WORDS] [--seconds N]   kernels, as fractions of the machine's own peak
npm run bench -- steps [--only WORDS] [--steps N]                   training steps and encoding on recorded length mixes
npm run bench -- peers --help                                       side by side with sentence-transformers (needs Python)`;

const [name = "", ...rest] = process.argv.slice(2);

function options<const Names extends Record<string, string>>(defaults: Names): Record<keyof Names, string> {
  const given = Object.entries(defaults).map(([key, value]) => [key, { type: "string" as const, default: value }]);
  return parseArgs({ args: rest, options: Object.fromEntries(given) }).values as Record<keyof Names, string>;
}

const words = (text: string): string[] => text.split(/\s+/).filter(Boolean);

if (Object.hasOwn(kernelFamilies, name)) {
  const { only, seconds } = options({ only: "", seconds: "0.5" });
  await runKernels(name, { only: words(only), seconds: Number(seconds) });
} else if (name === "steps") {
  const { only, steps } = options({ only: "", steps: "6" });
  await runSteps({ only: words(only), steps: Number(steps) });
} else if (name === "peers") {
  const { runPeers } = await import("./peers/run.ts");
  await runPeers(rest);
} else {
  console.error(usage);
  process.exitCode = 2;
}
