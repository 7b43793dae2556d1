// The report of a pipeline: base against tuned on the held-out queries, the curves of the training, and the negatives that were mined.

import { joinPath } from "@attune/core";
import { compareQueries } from "@attune/evaluation";
import type { Evaluation } from "@attune/evaluation";
import type { MiningReport } from "@attune/mining";
import { curvesOf, readEvents } from "../report/events.ts";
import { writeComparisonReport, writeEvaluationReport } from "../report/html.ts";
import { miningFigures } from "../report/mining-html.ts";
import { count } from "../report/numbers.ts";
import type { Runtime } from "../runtime.ts";
import type { PipelineSettings } from "../settings/pipeline-settings.ts";
import { LOG } from "../training/output-folder.ts";
import type { PipelineData } from "./split.ts";

export interface PipelineReport {
  readonly base?: Evaluation;
  readonly tuned?: Evaluation;
  /** What was mined, where that was done. */
  readonly mined?: MiningReport;
  readonly data: PipelineData;
  readonly primary: string;
}

/** Writes it to `path`; without a baseline it shows the tuned model alone. */
export async function writePipelineReport(
  path: string,
  settings: PipelineSettings,
  { base, tuned, mined, data, primary }: PipelineReport,
  { context: { files } }: Runtime,
): Promise<void> {
  const { model, output, seed } = settings;
  const tunedPath = joinPath(output, "model");
  const source = `${count(data.set.queries.size)} held-out queries of ${settings.data} over ${count(data.set.corpus.size)} documents`;
  const log = joinPath(tunedPath, LOG);
  const mining = mined && miningFigures(mined);
  if (!tuned) return;
  if (!base) {
    await writeEvaluationReport(files, path, { model: tunedPath, source, primary, evaluation: tuned, settings, ...(mining && { mining }) });
    return;
  }
  const compared = compareQueries(base, tuned, { seed });
  await writeComparisonReport(files, path, {
    base: model,
    tuned: tunedPath,
    source,
    primary,
    before: base,
    after: tuned,
    compared,
    curves: curvesOf(await readEvents(files, log)),
    log,
    ...(mining && { mining }),
    settings,
  });
}
