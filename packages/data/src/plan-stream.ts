// Batches of rows that stream from disk: memory holds one window of examples, whatever the size of the files. The files are read once before
// the training, to count and to check every row, and once per epoch. Needs to know nothing of all rows together, and so cannot hold rows out,
// sort by length or keep duplicates apart.

import { AttuneError, createRandom, type Files } from "@attune/core";
import { markSources } from "./document-sources.ts";
import { expander, type Example } from "./examples.ts";
import { FactCounter, type DataFacts } from "./fingerprint.ts";
import type { LoadedRows } from "./load-rows.ts";
import { EpochCounter, type BatchCursor, type BatchPlan, type PlannedBatch, type PlanOptions } from "./plan-batches.ts";
import { readRows } from "./read-rows.ts";
import { findSources, placeText, readSources, type DataSource, type LoadOptions, type ResolvedSource } from "./read-sources.ts";
import type { Row } from "./row.ts";
import { shuffleWindow } from "./shuffle-window.ts";
import { stoppableFiles } from "./stoppable-files.ts";

/** How rows are streamed. */
export interface StreamOptions extends LoadOptions, Omit<PlanOptions, "sampler" | "lengthOf" | "placeOf"> {
  /** Examples that are shuffled among each other. */
  readonly window: number;
}

/** What a first pass found, and the batches. Places are known of the rows alone that the facts name. */
export interface StreamedData extends Omit<LoadedRows, "rows"> {
  readonly plan: BatchPlan;
  readonly facts: DataFacts;
  /** Some rows from everywhere in the data, in its order. */
  readonly sample: readonly Row[];
}

/** Rows of the sample. */
const SAMPLE = 256;

/**
 * Reads and checks all rows once, and plans every epoch without holding them. The same files and options give the same batches from any cursor
 * on: a place is found again by reading up to it. Errors as in `loadRows`; E_OPTION for BEIR folders and for weights that are not whole; later, from
 * the batches, E_FILE where the files have fewer rows than were counted.
 */
export async function planStream(
  files: Files,
  sources: string | DataSource | readonly (string | DataSource)[],
  options: StreamOptions,
): Promise<StreamedData> {
  const found = await findSources(files, sources, options);
  for (const source of found) await expectStreamable(files, source);
  const { rows, examples, ...seen } = await scan(files, found, options);
  const { batchSize, dropLast = false } = options;
  const batches = (dropLast ? Math.floor : Math.ceil)(examples / batchSize);
  if (batches === 0) {
    const problem = `${rows} rows give no full batch of ${batchSize}`;
    throw new AttuneError({ code: "E_EMPTY", place: "batches", problem, hint: "use a smaller batch size, or keep the last batch" });
  }
  const epochs = new EpochCounter(options);
  while (!epochs.done) epochs.add(batches);
  const plan: BatchPlan = {
    steps: epochs.batches,
    stepsOfEpoch: epochs.perEpoch,
    async *from({ epoch, batch }: BatchCursor = { epoch: 0, batch: 0 }, signal?: AbortSignal) {
      const stoppable = signal ? stoppableFiles(files, signal) : files;
      for (let at = epoch; at < epochs.perEpoch.length; at++) {
        const place = { epoch: at, batch: at === epoch ? batch : 0 };
        yield* batchesOf(examplesOf(stoppable, found, at, options), { ...place, batches, batchSize, counted: examples });
      }
    },
  };
  return { ...seen, plan };
}

async function expectStreamable(files: Files, { path, weight }: ResolvedSource): Promise<void> {
  if ((await files.status(path))?.kind === "folder") {
    const hint = "leave --streaming out, or write the rows to a JSONL file";
    throw new AttuneError({ code: "E_OPTION", place: path, problem: "is a folder, and only files can be streamed", hint });
  }
  if (Number.isInteger(weight)) return;
  const hint = "give a whole number, or leave --streaming out";
  throw new AttuneError({
    code: "E_OPTION",
    place: `weight of ${path}`,
    problem: "must be whole where rows are streamed",
    got: String(weight),
    hint,
  });
}

interface Seen extends Omit<StreamedData, "plan"> {
  readonly rows: number;
  /** Of one epoch. */
  readonly examples: number;
}

/** The pass before the training. */
async function scan(files: Files, sources: readonly ResolvedSource[], options: StreamOptions): Promise<Seen> {
  const counter = new FactCounter();
  const random = createRandom(options.seed, "stream sample");
  const sample: { row: Row; index: number }[] = [];
  let [rows, examples] = [0, 0];
  const read = await readSources(files, sources, options, (row, place) => {
    const at = sample.length < SAMPLE ? sample.length : random.below(rows + 1);
    if (at < SAMPLE) sample[at] = { row, index: rows };
    counter.add(row, place);
    const { positives = "each" } = options;
    examples += (row.weight ?? 1) * (positives === "each" ? row.positives.length : 1);
    rows++;
  });
  sample.sort((a, b) => a.index - b.index);
  const placeOf = (row: number): string | undefined => {
    const known = counter.placeOf(row);
    return known && placeText(known);
  };
  return { ...read, rows, examples, facts: counter.facts(), sample: sample.map(({ row }) => row), placeOf };
}

/** The examples of one epoch in the order of the training. */
function examplesOf(files: Files, sources: readonly ResolvedSource[], epoch: number, options: StreamOptions): AsyncGenerator<Example> {
  const { seed, positives = "each", negatives, window } = options;
  const expand = expander(positives, { seed, epoch, ...(negatives !== undefined && { negatives }) });
  const inOrder = async function* (): AsyncGenerator<Example> {
    let rowIndex = 0;
    const marked = markSources();
    for (const { path, weight, source, ...reading } of sources) {
      for await (const row of readRows(files, path, { ...reading, onBadRow: () => {} })) {
        yield* expand(marked(row, source), rowIndex++, { first: epoch * weight, end: (epoch + 1) * weight });
      }
    }
  };
  return shuffleWindow(inOrder(), window, seed, epoch);
}

/** Cuts examples into batches, without those before `batch`. E_FILE where there are fewer than were counted. */
async function* batchesOf(
  examples: AsyncIterable<Example>,
  { epoch, batch: first, batches, batchSize, counted }: BatchCursor & { batches: number; batchSize: number; counted: number },
): AsyncGenerator<PlannedBatch> {
  let batch = 0;
  let held: Example[] = [];
  const planned = (): PlannedBatch => ({
    cursor: { epoch, batch },
    next: batch + 1 < batches ? { epoch, batch: batch + 1 } : { epoch: epoch + 1, batch: 0 },
    examples: held,
  });
  for await (const example of examples) {
    held.push(example);
    if (held.length < batchSize) continue;
    if (batch >= first) yield planned();
    held = [];
    if (++batch === batches) return;
  }
  const found = batch * batchSize + held.length;
  if (found < counted) throw changed(found, counted);
  if (batch >= first) yield planned();
}

function changed(found: number, counted: number): AttuneError {
  const problem = `give ${found} examples, and gave ${counted} when they were counted: they were changed while they are trained on`;
  return new AttuneError({ code: "E_FILE", place: "streamed rows", problem, hint: "leave the files alone until the training has ended" });
}
