// `attune eval` of one model: measured, perhaps reranked, and written wherever the settings say.

import { writeLines } from "@attune/core";
import { trecRunLines } from "@attune/evaluation";
import { expectReranker, measureModel } from "../evaluating/measure-model.ts";
import type { Measurement } from "../evaluating/measure-model.ts";
import { rerankMeasured } from "../evaluating/two-stages.ts";
import type { SecondStage } from "../evaluating/two-stages.ts";
import { writeMteb } from "../evaluating/write-mteb.ts";
import { modelName } from "../models/model-name.ts";
import { significanceLines } from "../report/comparison-lines.ts";
import { writeComparisonReport, writeEvaluationReport } from "../report/html.ts";
import { cutoff, digits, metricLines, ordered } from "../report/metrics.ts";
import { metricLabel, plural } from "../report/numbers.ts";
import { table } from "../report/table.ts";
import type { Runtime } from "../runtime.ts";
import type { EvalSettings } from "../settings/eval-settings.ts";
import { writeJson } from "./command.ts";
import type { Io } from "./command.ts";
import { measuredJson, placeJson, progressOf, reportedSettings, tellMeasured } from "./eval-lines.ts";

/** Measures the model of the settings and says what came out. */
export async function evalModel(
  settings: EvalSettings,
  runtime: Runtime,
  io: Io,
  { precision, json }: { precision: string; json: boolean },
): Promise<void> {
  const { saveRun, reranker, mteb } = settings;
  const { files } = runtime.context;
  if (reranker !== undefined) await expectReranker(reranker, runtime);
  const needsRun = saveRun === undefined ? reranker && "--reranker" : "--save-run";
  const measured = await measureModel(settings, runtime, { needsRun, onProgress: progressOf(io) });
  tellMeasured(io, settings, measured, precision);
  const second = reranker === undefined ? undefined : await secondStage(measured, { ...settings, reranker }, runtime, io);
  const final = second?.measurement ?? measured;
  if (mteb !== undefined) io.terminal.fact("mteb", await writeMteb(files, { ...settings, mteb }, final));
  await report(settings, { measured, second }, runtime, { io, precision });
  if (json) {
    writeJson(io, {
      ...measuredJson(measured),
      ...(second && { reranked: stageJson(second) }),
      ...(saveRun !== undefined && { run: saveRun }),
      ...placeJson(runtime, precision),
    });
  } else io.stdout.write(`${(second ? stageLines(measured, second) : linesOf(measured)).join("\n")}\n`);
  // Last: texts without ids may not fit into a run, and the figures stand all the same.
  if (saveRun !== undefined) await writeLines(files, saveRun, trecRunLines(final.evaluation.run!, modelName(reranker ?? settings.model)));
}

async function secondStage(
  measured: Measurement,
  settings: EvalSettings & { reranker: string },
  runtime: Runtime,
  io: Io,
): Promise<SecondStage> {
  const second = await rerankMeasured(measured, settings, runtime, (pairs) => progressOf(io)(pairs, "pair"));
  const each = `${(second.pairs / Math.max(second.seconds, 1e-9)).toFixed(0)} pairs/s`;
  io.terminal.fact("reranked", `${plural(second.pairs, "pair")} by ${settings.reranker} in ${second.seconds.toFixed(1)} s, ${each}`);
  return second;
}

function stageJson({ reranker, depth, pairs, seconds, measurement, comparison }: SecondStage): object {
  const { metrics } = measurement.evaluation;
  const { gain, p, wins, ties, losses } = comparison ?? {};
  return { metrics, reranker, depth, pairs, seconds, ...(comparison && { gain, p, wins, ties, losses }) };
}

/** A line for each stage, then whether the second one is better. */
function stageLines(
  { evaluator: { primary }, evaluation: { metrics } }: Measurement,
  { depth, measurement: { evaluation: second }, comparison }: SecondStage,
): string[] {
  const names = ordered(Object.keys(metrics), primary).filter((name) => cutoff(name) === cutoff(primary));
  const row = (title: string, scores: Readonly<Record<string, number>>): string[] => [title, ...names.map((name) => digits(scores[name]))];
  const lines = table([["", ...names.map(metricLabel)], row("retrieved", metrics), row(`reranked (first ${depth})`, second.metrics)]);
  return comparison ? [...lines, "", ...significanceLines(comparison, primary)] : lines;
}

/** A row per precision for quantised embeddings; the metrics as they are for all else. */
function linesOf({ choice: [name], evaluation: { metrics } }: Measurement): string[] {
  if (name !== "quantized") return metricLines(metrics);
  const forms = Object.keys(metrics).flatMap((key) => /^(.+)_bytes$/.exec(key)?.[1] ?? []);
  const metric = Object.keys(metrics)[0].replace(/^float32_/, "");
  const of = (form: string): number => metrics[`${form}_${metric}`];
  const share = (form: string): string => `${((100 * of(form)) / of("float32")).toFixed(1)} %`;
  return table([
    ["", metricLabel(metric), "of float32", "bytes"],
    ...forms.map((form) => [form, digits(of(form)), of("float32") > 0 ? share(form) : "", String(metrics[`${form}_bytes`])]),
  ]);
}

/** Of two stages the page shows both. */
async function report(
  settings: EvalSettings,
  { measured, second }: { measured: Measurement; second: SecondStage | undefined },
  runtime: Runtime,
  { io, precision }: { io: Io; precision: string },
): Promise<void> {
  const { report: path, model, data } = settings;
  if (path === undefined) return;
  const { files } = runtime.context;
  const { evaluator, evaluation } = measured;
  const shown = { source: data, primary: evaluator.primary, settings: reportedSettings(measured, settings, runtime, precision) };
  if (second) {
    const { measurement, comparison: compared } = second;
    const stages = { base: model, tuned: measurement.model, before: evaluation, after: measurement.evaluation };
    await writeComparisonReport(files, path, { ...shown, ...stages, compared });
  } else await writeEvaluationReport(files, path, { ...shown, model, evaluation });
  io.terminal.fact("report", path);
}
