// `attune eval --compare BASE --model TUNED`: what the tuning brought, query by query.

import { changedQueries } from "../evaluating/changed-queries.ts";
import { compareModels } from "../evaluating/compare-models.ts";
import { changeLines, sideBySide, significanceLines } from "../report/comparison-lines.ts";
import { writeComparisonReport } from "../report/html.ts";
import type { Runtime } from "../runtime.ts";
import type { EvalSettings } from "../settings/eval-settings.ts";
import { writeJson } from "./command.ts";
import type { Io } from "./command.ts";
import { measuredJson, placeJson, progressOf, reportedSettings, tellMeasured } from "./eval-lines.ts";

const names = ["base", "tuned"] as const;

/** Wins and losses on the terminal, in the report and for machines. */
const SHOWN = { terminal: 5, json: 20 };

/** Measures both and says what changed. */
export async function evalCompare(
  settings: EvalSettings & { compare: string },
  runtime: Runtime,
  io: Io,
  { precision, json }: { precision: string; json: boolean },
): Promise<void> {
  const { model, compare, data, report } = settings;
  const { base, tuned, compared } = await compareModels(settings, runtime, (which, done, unit) => progressOf(io, `${which}: `)(done, unit));
  io.terminal.fact("base", compare);
  io.terminal.fact("tuned", model);
  tellMeasured(io, settings, tuned, precision);
  const { primary } = tuned.evaluator;
  const [before, after] = [base.evaluation, tuned.evaluation];
  if (report !== undefined) {
    const reported = { base: compare, tuned: model, source: data, primary, before, after, compared };
    await writeComparisonReport(runtime.context.files, report, {
      ...reported,
      settings: reportedSettings(tuned, settings, runtime, precision),
    });
    io.terminal.fact("report", report);
  }
  if (json) {
    const { gain, p, queries, wins, ties, losses } = compared ?? {};
    const largest = compared && changedQueries(compared, { before, after }, SHOWN.json);
    writeJson(io, {
      base: measuredJson(base),
      tuned: measuredJson(tuned),
      primary,
      ...(compared && { gain, p, queries, wins, ties, losses, largest }),
      ...placeJson(runtime, precision),
    });
    return;
  }
  const lines = sideBySide(before.metrics, after.metrics, { primary, names });
  if (compared)
    lines.push(
      "",
      ...significanceLines(compared, primary),
      ...changeLines(changedQueries(compared, { before, after }, SHOWN.terminal), names),
    );
  else lines.push("", "  no significance: this evaluator has no value per query");
  io.stdout.write(`${lines.join("\n")}\n`);
}
