// `attune eval --all-checkpoints OUT`: a metric over the steps of a training, from the checkpoints that are in its folder.

import { measureCheckpoints } from "../evaluating/measure-checkpoints.ts";
import type { MeasuredStep } from "../evaluating/measure-checkpoints.ts";
import { writeStepsReport } from "../report/html.ts";
import { cutoff, digits, ordered } from "../report/metrics.ts";
import { metricLabel, plural, signed } from "../report/numbers.ts";
import { sparkline } from "../report/sparkline.ts";
import { table } from "../report/table.ts";
import type { Runtime } from "../runtime.ts";
import type { EvalSettings } from "../settings/eval-settings.ts";
import { writeJson } from "./command.ts";
import type { Io } from "./command.ts";
import { measuredJson, placeJson, progressOf, reportedSettings } from "./eval-lines.ts";

/** More columns than this do not fit into 80, more curves cannot be told apart. */
const METRICS = 5;
const BARS = 40;

/** Measures every checkpoint of the folder and says how the metric went. */
export async function evalCheckpoints(
  settings: EvalSettings,
  output: string,
  runtime: Runtime,
  { io, precision, json }: { io: Io; precision: string; json: boolean },
): Promise<void> {
  const steps = await measureCheckpoints(settings, output, runtime, {
    onProgress: (step, done) => progressOf(io, `step ${step}: `)(done, "text"),
    measured: ({ step, measurement: { evaluator, evaluation, seconds } }) =>
      io.terminal.fact(
        "eval",
        `step ${step}   ${metricLabel(evaluator.primary)} ${digits(evaluation.metrics[evaluator.primary])}   ${seconds.toFixed(1)} s`,
      ),
  });
  const { primary } = steps[0].measurement.evaluator;
  const names = Object.keys(steps[0].measurement.evaluation.metrics);
  const shown = ordered(names, primary).filter((name) => cutoff(name) === cutoff(primary));
  const curves = shown.slice(0, METRICS).map((name) => ({
    metric: metricLabel(name),
    steps: steps.map(({ step }) => step),
    values: steps.map(({ measurement }) => measurement.evaluation.metrics[name] ?? null),
  }));
  if (settings.report !== undefined) {
    const reported = reportedSettings(steps[0].measurement, settings, runtime, precision);
    const title = `Checkpoints of ${output}`;
    await writeStepsReport(runtime.context.files, settings.report, { title, source: settings.data, curves, settings: reported });
    io.terminal.fact("report", settings.report);
  }
  const best = bestOf(steps, primary);
  if (json) {
    const all = steps.map(({ step, checkpoint, measurement }) => ({ step, checkpoint, ...measuredJson(measurement) }));
    writeJson(io, {
      output,
      steps: all,
      primary,
      best: best ? { step: best.step, checkpoint: best.checkpoint } : null,
      ...placeJson(runtime, precision),
    });
  } else io.stdout.write(`${linesOf(steps, { primary, shown: shown.slice(0, METRICS), best }).join("\n")}\n`);
}

/** The first of the greatest value; undefined where every value is NaN. */
function bestOf(steps: readonly MeasuredStep[], primary: string): MeasuredStep | undefined {
  const value = ({ measurement }: MeasuredStep): number => measurement.evaluation.metrics[primary];
  const known = steps.filter((one) => !Number.isNaN(value(one)));
  return known.length === 0 ? undefined : known.reduce((best, one) => (value(one) > value(best) ? one : best));
}

function linesOf(
  steps: readonly MeasuredStep[],
  { primary, shown, best }: { primary: string; shown: readonly string[]; best: MeasuredStep | undefined },
): string[] {
  const values = steps.map(({ measurement }) => measurement.evaluation.metrics[primary]);
  const rows = steps.map((one) => [
    `${one.step}${one === best ? " *" : ""}`,
    ...shown.map((name) => digits(one.measurement.evaluation.metrics[name])),
  ]);
  const gain = signed(values.at(-1)! - values[0], 4);
  const said = best ? `; best (*) at step ${best.step}` : "";
  return [
    ...table([["step", ...shown.map(metricLabel)], ...rows]),
    "",
    `  ${metricLabel(primary)}   ${sparkline(values, BARS)}   ${gain} over ${plural(steps.length, "measurement")}${said}`,
  ];
}
