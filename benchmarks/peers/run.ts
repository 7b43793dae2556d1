// Side by side with sentence-transformers: the same texts, fresh processes, interleaved so that a busy minute meets everybody. Ours is the command
// line as a user runs it. Needs Python with requirements.txt, a model folder and public data; no part of the tests.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chosenClock } from "../lib/clock.ts";
import { inRoot } from "../lib/paths.ts";
import { median, total } from "../lib/numbers.ts";
import { output, script } from "../lib/processes.ts";
import { textTable } from "../lib/table.ts";
import type { StepFigures } from "../steps/measure-step.ts";
import { writeRows } from "./rows.ts";

const usage = `npm run bench -- peers --python PATH --model DIR --data DIR [options]
  --python PATH       with peers/requirements.txt installed
  --model DIR         all-MiniLM-L6-v2
  --data DIR          with scifact/ (BEIR layout) and text2vec/English-STS-B/stsbenchmark.tsv.gz
  --works NAMES       some of scifact, short, corpus (encode), bert; all when left out
  --precisions NAMES  fp32, bf16 (default fp32)
  --variants NAMES    some of installed, tuned, attune
  --steps N           of each process, two of them to warm up (default 8)
  --rounds N          every variant runs twice in each, there and back (default 1)
  ATTUNE_THREADS=1 ATTUNE_BENCH_CLOCK=processor npm run …    processor time: on a machine that others use`;

type Variant = "installed" | "tuned" | "attune";
interface Work {
  readonly kind: "train" | "encode" | "bert";
  readonly batch: number;
  /** The same step without texts (steps/scenarios.ts). */
  readonly scenario: string;
}
const works: Readonly<Record<string, Work>> = {
  scifact: { kind: "train", batch: 32, scenario: "minilm-train-scifact" },
  short: { kind: "train", batch: 64, scenario: "minilm-train-short" },
  corpus: { kind: "encode", batch: 32, scenario: "minilm-encode-scifact" },
  bert: { kind: "bert", batch: 16, scenario: "bert-train-16x128" },
};

/** Of both sides. */
const threads = Number(process.env.ATTUNE_THREADS ?? availableParallelism());

interface Sample {
  readonly seconds: readonly number[];
  readonly tokens: readonly number[];
  readonly rssPeak: number;
}

interface Settings {
  readonly python: string;
  readonly model: string;
  readonly data: string;
  readonly steps: number;
  readonly folder: string;
}

/** glibc gives large blocks back to the system after every use unless told otherwise: each step then pays for its page faults again. */
const tunedAllocator = { MALLOC_MMAP_THRESHOLD_: "4294967296", MALLOC_TRIM_THRESHOLD_: "17179869184", MALLOC_TOP_PAD_: "268435456" };

/** Runs what the arguments ask for and prints tokens per second and ratios. */
export async function runPeers(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      python: { type: "string" },
      model: { type: "string" },
      data: { type: "string" },
      works: { type: "string", default: Object.keys(works).join(",") },
      precisions: { type: "string", default: "fp32" },
      variants: { type: "string", default: "installed,tuned,attune" },
      steps: { type: "string", default: "8" },
      rounds: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  const { python, model, data } = values;
  if (values.help || !python || !model || !data) return console.log(usage);
  const folder = mkdtempSync(join(tmpdir(), "attune-peers-"));
  try {
    const settings = { python, model, data, folder, steps: Number(values.steps) };
    for (const work of values.works.split(",")) {
      for (const precision of values.precisions.split(",")) {
        const variants = values.variants.split(",").filter((one) => !(work === "bert" && one === "installed")) as Variant[];
        report(work, precision, await interleaved(work, precision, { variants, rounds: Number(values.rounds), settings }));
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function interleaved(
  work: string,
  precision: string,
  { variants, rounds, settings }: { variants: readonly Variant[]; rounds: number; settings: Settings },
): Promise<Map<Variant, Sample[]>> {
  const samples = new Map<Variant, Sample[]>(variants.map((variant) => [variant, []]));
  if (works[work].kind !== "bert") writeRows(work as "scifact", settings.data, join(settings.folder, "rows.jsonl"));
  for (let round = 0; round < rounds; round++) {
    for (const variant of [...variants, ...variants.toReversed()]) {
      const one = variant === "attune" ? ours(works[work], precision, settings) : theirs(works[work], variant, precision, settings);
      samples.get(variant)!.push(await one);
    }
  }
  return samples;
}

async function theirs({ kind, batch }: Work, variant: Variant, precision: string, settings: Settings): Promise<Sample> {
  const { python, model, steps, folder } = settings;
  const flags = { work: kind, variant, precision, model, data: join(folder, "rows.jsonl"), batch, steps, threads };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const env = { HF_HUB_OFFLINE: "1", TOKENIZERS_PARALLELISM: "false", ...(variant === "tuned" && tunedAllocator) };
  const text = await output(python, [inRoot("benchmarks", "peers", "sentence_transformers_work.py"), ...args], { env });
  return JSON.parse(text.trim().split("\n").at(-1)!) as Sample;
}

async function ours({ kind, batch, scenario }: Work, precision: string, { model, steps, folder }: Settings): Promise<Sample> {
  // There are no texts for BERT's size, and processor time is not what the command line tells.
  if (kind === "bert" || chosenClock(threads) === "processor") {
    const args = [scenario, precision, String(steps - 2)];
    const { median, tokens, rssPeak } = await script<StepFigures>(inRoot("benchmarks", "steps", "one.ts"), args);
    const seconds = tokens / median.tokensPerSecond;
    return { seconds: [seconds, seconds, seconds], tokens: [tokens, tokens, tokens], rssPeak };
  }
  const rows = join(folder, "rows.jsonl");
  const attune = (...words: string[]): Promise<string> =>
    output(process.execPath, [inRoot("packages", "attune", "src", "cli", "main.ts"), ...words, "--model", model, "--precision", precision]);
  if (kind === "encode") {
    const flags = [
      "--input",
      rows,
      "--column",
      "text",
      "--output",
      join(folder, "vectors.npy"),
      "--max-length",
      "256",
      "--overwrite",
      "--json",
    ];
    const { seconds, tokensPerSecond } = JSON.parse(await attune("encode", ...flags)) as { seconds: number; tokensPerSecond: number };
    return { seconds: [seconds], tokens: [seconds * tokensPerSecond], rssPeak: 0 };
  }
  const tuned = join(folder, "tuned");
  const flags = ["--batch-size", String(batch), "--max-steps", String(steps), "--max-length", "256", "--warmup", "0.1", "--seed", "1"];
  const others = [
    "--learning-rate",
    "2e-5",
    "--loss",
    "infonce",
    "--temperature",
    "0.05",
    "--no-eval",
    "--no-report",
    "--overwrite",
    "--json",
  ];
  const result = JSON.parse(await attune("train", "--data", rows, "--output", tuned, ...flags, ...others)) as { peakRssBytes: number };
  const events = readFileSync(join(tuned, "log.jsonl"), "utf8").trim().split("\n");
  const logged = events.map((line) => JSON.parse(line) as { type: string; seconds: number; tokens: number }).filter(isStep);
  const seconds = logged.map(({ seconds }, i) => seconds - (logged[i - 1]?.seconds ?? 0));
  return { seconds, tokens: logged.map(({ tokens }) => tokens), rssPeak: result.peakRssBytes };
}

const isStep = ({ type }: { type: string }): boolean => type === "step";

/** Tokens a second after the warm-up: of the fastest step or pass, of the middle one, and over all. */
function ratesOf(samples: readonly Sample[]): { best: number; median: number; mean: number } {
  const warm = samples.flatMap(({ seconds, tokens }) => {
    const skip = seconds.length > 2 ? 2 : 0;
    return seconds.slice(skip).map((one, i) => ({ seconds: one, tokens: tokens[i + skip] }));
  });
  const rates = warm.map(({ seconds, tokens }) => tokens / seconds);
  const mean = total(warm.map(({ tokens }) => tokens)) / total(warm.map(({ seconds }) => seconds));
  return { best: Math.max(...rates), median: median(rates), mean };
}

function report(work: string, precision: string, samples: ReadonlyMap<Variant, readonly Sample[]>): void {
  const own = samples.get("attune");
  const rows = [...samples].map(([variant, runs]) => {
    const { best, median: middle, mean } = ratesOf(runs);
    const ratio = own && variant !== "attune" ? `×${(ratesOf(own).median / middle).toFixed(2)}` : "";
    const each = runs.map((run) => ratesOf([run]).median.toFixed(0)).join(" ");
    const memory = Math.max(...runs.map(({ rssPeak }) => rssPeak));
    return [
      variant,
      ...[middle, best, mean].map((rate) => rate.toFixed(0)),
      ratio,
      memory > 0 ? `${(memory / 1e9).toFixed(2)} GB` : "",
      each,
    ];
  });
  console.log(`\n${work} ${precision}`);
  const head = ["", "median tok/s", "best", "mean", "attune is", "process", "medians of the runs"];
  for (const line of textTable([head, ...rows])) console.log(`  ${line}`);
}
