// The training rows: all of them in memory, or for `--streaming` a plan that reads them when they are needed.

import { AttuneError } from "@attune/core";
import { factsStoppably, loadRows, planStream } from "@attune/data";
import type { BatchPlan, DataFacts, LoadedRows, Row } from "@attune/data";
import type { Runtime } from "../runtime.ts";
import { splitChoice } from "../settings/choice.ts";
import { SHUFFLE_WINDOW } from "../settings/train-settings.ts";
import type { CompleteTrainSettings } from "../settings/train-settings.ts";
import type { DataSet } from "./data-sets.ts";

export interface ReadData extends LoadedRows {
  readonly facts: DataFacts;
  /** Where rows are streamed; then `rows` is empty and `sample` has some of them. */
  readonly plan?: BatchPlan;
  readonly sample: readonly Row[];
}

/** Reads and checks every row once, unless it is told to stop. Errors as in `loadRows` and `planStream`; E_OPTION for a setting that needs all rows at once. */
export async function readData(settings: CompleteTrainSettings, sets: readonly DataSet[], { context }: Runtime): Promise<ReadData> {
  const { columns, skipBadRows } = settings;
  const sources = sets.map(({ loss: _loss, ...source }) => source);
  const { files, signal } = context;
  const reading = { skipBadRows, signal, ...(columns && { columns }) };
  if (!settings.streaming) {
    if (settings.shuffleWindow !== SHUFFLE_WINDOW) throw windowWithoutStreaming();
    const data = await loadRows(files, sources, reading);
    return { ...data, facts: await factsStoppably(data.rows, signal), sample: [] };
  }
  expectStreamable(settings, sets);
  const { shuffleWindow: window, batchSize, accumulation, epochs, maxSteps, seed, dropLast, positives, negatives } = settings;
  const length = { epochs, maxSteps, accumulation };
  const options = { ...reading, ...length, window, batchSize, seed, dropLast, positives, ...(negatives !== undefined && { negatives }) };
  return { ...(await planStream(files, sources, options)), rows: [] };
}

function windowWithoutStreaming(): AttuneError {
  const problem = "is for --streaming: rows in memory are shuffled all together";
  return new AttuneError({ code: "E_OPTION", place: "--shuffle-window", problem });
}

function expectStreamable({ sampler, holdOut }: CompleteTrainSettings, sets: readonly DataSet[]): void {
  const [chosen] = splitChoice(sampler);
  const name = typeof chosen === "string" ? chosen : chosen.name;
  const wrong = [
    holdOut !== undefined && "--hold-out",
    name !== "random" && `--sampler ${name}`,
    sets.some(({ loss }) => loss !== undefined) && "a data set's own loss",
  ].find((one) => one !== false);
  if (wrong === undefined) return;
  throw new AttuneError({
    code: "E_OPTION",
    place: "--streaming",
    problem: `cannot be used with ${wrong}, which needs all rows at once`,
    hint: "leave one of them out; streamed rows are shuffled within --shuffle-window, and --eval-data takes a file of its own",
  });
}
