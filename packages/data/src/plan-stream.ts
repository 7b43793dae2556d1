// Batches of rows that stream from disk: memory holds one window of examples, whatever the size of the files. The files are read once before
// the training, to count and to check every row, and once per epoch. Needs to know nothing of all rows together, and so cannot hold rows out,
// sort by length or keep duplicates apart.

import { AttuneError, createRandom, type Files } from "@attune/core";
import type { OnBadRow } from "./bad-row.ts";
import { markSources } from "./document-sources.ts";
import { expander, type Example } from "./examples.ts";
import { FactCounter, type DataFacts } from "./fingerprint.ts";
import {
  findSources,
  placeText,
  withCount,
  withWeight,
  type DataSource,
  type LoadedRows,
  type LoadOptions,
  type ResolvedSource,
} from "./load-rows.ts";
import { countEpochs, type BatchCursor, type BatchPlan, type PlannedBatch, type PlanOptions } from "./plan-batches.ts";
import { readRows, type RowFormat, type RowPlace } from "./read-rows.ts";
import type { Row } from "./row.ts";
import { shuffleWindow } from "./shuffle-window.ts";

/** How rows are streamed. */
export interface StreamOptions extends LoadOptions, Omit<PlanOptions, "sampler" | "lengthOf"> {
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
 * on: a place is found again by reading up to it. Errors as in `loadRows`; E_OPTION for BEIR folders and for weights that are not whole.
 */
export async function planStream(
  files: Files,
  sources: string | DataSource | readonly (string | DataSource)[],
  options: StreamOptions,
): Promise<StreamedData> {
  const found = await findSources(files, sources, options);
  for (const source of found) await expectStreamable(files, source);
  const { rows, examples, ...seen } = await scan(files, found, options);
  if (seen.bad.first && !options.skipBadRows) throw withCount(seen.bad.first, seen.bad.count, rows + seen.bad.count);
  const { batchSize, dropLast = false } = options;
  const batches = (dropLast ? Math.floor : Math.ceil)(examples / batchSize);
  if (batches === 0) {
    const problem = `${rows} rows give no full batch of ${batchSize}`;
    throw new AttuneError({ code: "E_EMPTY", place: "batches", problem, hint: "use a smaller batch size, or keep the last batch" });
  }
  const stepsOfEpoch = countEpochs(options, () => batches);
  const plan: BatchPlan = {
    steps: batches * stepsOfEpoch.length,
    stepsOfEpoch,
    async *from({ epoch, batch }: BatchCursor = { epoch: 0, batch: 0 }) {
      for (let at = epoch; at < stepsOfEpoch.length; at++) {
        yield* batchesOf(examplesOf(files, found, at, options), { epoch: at, batch: at === epoch ? batch : 0, batches, batchSize });
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
  const loaded: LoadedRows["files"][number][] = [];
  let bad: LoadedRows["bad"] = { count: 0 };
  let [rows, examples] = [0, 0];
  const onBadRow: OnBadRow = (error) => (bad = { count: bad.count + 1, first: bad.first ?? error });
  let place: RowPlace | undefined;
  const onPlace = ({ path, line }: RowPlace): void => void (place = { path, line }); // not the record itself, which holds its texts
  const marked = markSources();
  for (const { path, weight, source, ...reading } of sources) {
    const [rowsBefore, badBefore] = [rows, bad.count];
    let format: RowFormat | undefined;
    try {
      for await (const found of readRows(files, path, { ...reading, onBadRow, onPlace, onFormat: (one) => (format = one) })) {
        const row = marked(withWeight(found, weight), source);
        const at = sample.length < SAMPLE ? sample.length : random.below(rows + 1);
        if (at < SAMPLE) sample[at] = { row, index: rows };
        counter.add(row, place);
        examples += weight * (options.positives === "each" || options.positives === undefined ? row.positives.length : 1);
        rows++;
      }
    } catch (error) {
      if (options.skipBadRows || bad.count === badBefore || !(error instanceof AttuneError && error.code === "E_EMPTY")) throw error;
    }
    if (format) loaded.push({ path, format, weight, source, rows: rows - rowsBefore, bad: bad.count - badBefore });
  }
  sample.sort((a, b) => a.index - b.index);
  const placeOf = (row: number): string | undefined => {
    const known = counter.placeOf(row);
    return known && placeText(known);
  };
  return {
    rows,
    examples,
    facts: counter.facts(),
    sample: sample.map(({ row }) => row),
    bad,
    format: loaded[0]?.format,
    files: loaded,
    placeOf,
  };
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

/** Cuts examples into batches, without those before `batch`. */
async function* batchesOf(
  examples: AsyncIterable<Example>,
  { epoch, batch: first, batches, batchSize }: BatchCursor & { batches: number; batchSize: number },
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
  if (held.length > 0 && batch < batches && batch >= first) yield planned();
}
