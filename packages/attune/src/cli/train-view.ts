// What a person sees of a training: facts about data and plan, a progress line, scores, and what to do next.

import type { LoadedFile } from "@attune/data";
import { pairedGain } from "@attune/evaluation";
import type { Evaluation } from "@attune/evaluation";
import type { TrainEvent } from "@attune/train";
import { columnsOf } from "../report/columns.ts";
import { count, duration, metricLabel, number, plural, rate, rough, share, signed } from "../report/numbers.ts";
import { progressBar, sparkline } from "../report/sparkline.ts";
import type { JobObserver, JobResult, Moment } from "../training/job.ts";
import { sampleLengths } from "../training/lengths.ts";
import type { PreparedTraining } from "../training/prepare.ts";
import { shellWord } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

type Recorded = readonly [string, Readonly<Record<string, unknown>>];
type StepEvent = Extract<TrainEvent, { type: "step" }>;
type EvaluationEvent = Extract<TrainEvent, { type: "evaluation" }>;

/** Plain lines where the progress line cannot be redrawn. */
const PLAIN_LINES = 20;

export class TrainView implements JobObserver {
  readonly #terminal: Terminal;
  readonly #losses: number[] = [];
  /** Set -> the metric that was shown last. */
  readonly #evaluated = new Map<string, number>();
  #prepared!: PreparedTraining;
  #total = 0;
  #doneBefore = 0;
  #tokens = 0;
  #firstSeconds: number | undefined;
  #before: Evaluation | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  prepared(prepared: PreparedTraining): void {
    this.#prepared = prepared;
    const { settings, data, evaluation, loaded, recorded } = prepared;
    this.#terminal.fact("data", `${prepared.dataName}: ${dataLine(prepared)}`);
    if (data.files.length > 1) for (const file of data.files) this.#terminal.fact("", fileLine(file));
    if (data.bad.first) this.#terminal.fact("", `first bad row: ${data.bad.first.sentence}`);
    this.#terminal.fact("", lengthLine(prepared));
    if (evaluation.report) this.#terminal.fact("eval", evaluation.report.source);
    evaluation.during.forEach(({ source }, i) =>
      this.#terminal.fact(i === 0 && !evaluation.report ? "eval" : "", `every ${plural(settings.evalSteps!, "step")}: ${source}`),
    );
    const parameters = loaded.model.parameters.reduce((sum, { value }) => sum + value.size, 0);
    this.#terminal.fact("model", `${settings.model}: ${rough(parameters)} parameters, ${loaded.model.dimension} dimensions`);
    const names = [describeChoice(recorded.loss as Recorded), ...["optimizer", "schedule"].map((key) => (recorded[key] as Recorded)[0])];
    const accumulated = settings.accumulation > 1 ? ` x ${settings.accumulation}` : "";
    this.#terminal.fact(
      "plan",
      `${String(recorded.precision)} · batch ${settings.batchSize}${accumulated} · ${stepsLine(prepared)} · ${names.join(" · ")}`,
    );
    for (const warning of prepared.warnings) this.#terminal.fact("warning", warning);
  }

  measuring(moment: Moment, texts: number): void {
    this.#terminal.progress(() => `  ${moment === "before" ? "baseline" : "result"}  ${plural(texts, "text")} embedded …`);
  }

  measured(moment: Moment, evaluation: Evaluation): void {
    const { evaluator, primaries = [evaluator.primary] } = this.#prepared.evaluation.report!;
    if (moment === "before") this.#before = evaluation;
    for (const [i, metric] of primaries.entries()) {
      const label = i > 0 ? "" : moment === "before" ? "baseline" : "result";
      const score = moment === "before" ? evaluation.metrics[metric].toFixed(3) : this.#gain(metric, evaluation, i === 0);
      this.#terminal.fact(label, `${metricLabel(metric)} ${score}`);
    }
  }

  /** Before and after, and how much lies between; the interval is that of the first metric, of which there are values per query. */
  #gain(metric: string, evaluation: Evaluation, first: boolean): string {
    const score = evaluation.metrics[metric];
    const base = this.#before?.metrics[metric];
    if (base === undefined) return score.toFixed(3);
    const interval = first ? intervalOf(this.#before, evaluation, this.#prepared.settings.seed) : "";
    return `${base.toFixed(3)} -> ${score.toFixed(3)}   (${signed(score - base)}${interval})`;
  }

  saved(output: string, difference: number): void {
    this.#terminal.fact(
      "saved",
      `${output}   (checked: loaded again, largest difference of an embedding ${difference === 0 ? "0" : difference.toExponential(1)})`,
    );
  }

  event(event: TrainEvent): void {
    switch (event.type) {
      case "start":
        this.#total = event.steps;
        this.#doneBefore = event.doneBefore;
        if (event.doneBefore >= event.steps)
          this.#terminal.fact("resume", `all ${plural(event.steps, "step")} are done already; the model is saved again`);
        else if (event.doneBefore > 0) this.#terminal.fact("resume", `from step ${event.doneBefore}`);
        return;
      case "step":
        return this.#step(event);
      case "evaluation":
        return this.#evaluation(event);
      case "warning":
        return this.#terminal.fact("warning", event.message);
      case "checkpoint":
        return;
      case "end":
        return this.#end(event);
      default:
        return event satisfies never;
    }
  }

  /** The metric that chooses the best model where this set has it, else the set's primary one; against the evaluation before. */
  #evaluation({ step, name, metrics, improved }: EvaluationEvent): void {
    const { during } = this.#prepared.evaluation;
    const { primary } = during.find(({ evaluator }) => evaluator.name === name)!.evaluator;
    const asked = this.#prepared.settings.bestMetric?.replace(`${name}/`, "");
    const metric = improved !== undefined && asked !== undefined && asked in metrics ? asked : primary;
    const value = metrics[metric];
    const before = this.#evaluated.get(name);
    this.#evaluated.set(name, value);
    const notes = [before !== undefined && signed(value - before), improved && "best"].filter(Boolean);
    const set = during.length > 1 ? `${name}   ` : "";
    this.#terminal.fact(
      "eval",
      `step ${step}   ${set}${metricLabel(metric)} ${value.toFixed(3)}${notes.length > 0 ? `   (${notes.join(", ")})` : ""}`,
    );
  }

  #end({ result: { best, stoppedEarly, steps, status } }: Extract<TrainEvent, { type: "end" }>): void {
    if (!best || status === "stopped") return;
    const { patience } = this.#prepared.settings;
    if (stoppedEarly)
      this.#terminal.fact(
        "early",
        `stopped after step ${steps} of ${this.#total}: ${plural(patience!, "evaluation")} without a better one`,
      );
    this.#terminal.fact("best", `step ${best.step}: ${best.metric} ${best.value.toFixed(3)}; the model is that of this step`);
  }

  /** How a stopped training goes on. */
  stopped({ steps, checkpoint, output }: JobResult): void {
    this.#terminal.fact("stopped", `after step ${steps} of ${this.#total}; ${checkpoint ?? "no checkpoint"}`);
    this.#goOn(output);
  }

  /** How a training that was stopped while its saved model was measured comes to its end. */
  unmeasured(output: string): void {
    this.#terminal.fact("stopped", "after the last step; the model is saved and not measured yet");
    this.#goOn(output);
  }

  #goOn(output: string): void {
    this.#terminal.fact("next", `attune train --output ${shellWord(output)} --resume`);
  }

  #step({ step, loss, learningRate, tokens, seconds }: StepEvent): void {
    this.#losses.push(loss);
    this.#tokens += this.#firstSeconds === undefined ? 0 : tokens;
    this.#firstSeconds ??= seconds; // the first step also maps memory
    const stride = Math.max(1, Math.ceil(this.#total / PLAIN_LINES));
    this.#terminal.progress(() => this.#progressLine(step, { loss, learningRate, seconds }), {
      keep: step % stride === 0 || step === this.#total,
    });
    if (step === this.#total) this.#terminal.keep();
  }

  #progressLine(step: number, { loss, learningRate, seconds }: Pick<StepEvent, "loss" | "learningRate" | "seconds">): string {
    const here = seconds - this.#firstSeconds!;
    const doneHere = step - this.#doneBefore - 1;
    const waiting = doneHere > 0 && step < this.#total;
    const parts = [
      `step ${String(step).padStart(String(this.#total).length)}/${this.#total}`,
      `${progressBar(step, this.#total, 12)} ${share(step, this.#total).padStart(5)}`,
      `loss ${loss.toFixed(3)} ${sparkline(this.#losses, 8)}`,
      waiting && `eta ${duration((here / doneHere) * (this.#total - step))}`,
      here > 0 && `${rough(this.#tokens / here)} tokens/s`,
      `lr ${rate(learningRate)}`,
    ];
    return `  ${parts.filter(Boolean).join("   ")}`;
  }
}

/** "pairs.jsonl: 1,200 rows, weight 2" */
function fileLine({ path, rows, bad, weight }: LoadedFile): string {
  const parts = [plural(rows, "row"), bad > 0 && `${count(bad)} bad left out`, weight !== 1 && `weight ${weight}`];
  return `${path}: ${parts.filter(Boolean).join(", ")}`;
}

function dataLine({ data: { bad, format }, rows, settings }: PreparedTraining): string {
  const all = rows.all + bad.count;
  const held = rows.all - rows.trained;
  const used = bad.count > 0 || held > 0 ? `: ${count(rows.trained)} used` : "";
  const parts = [
    `${plural(all, "row")} (${columnsOf(format)})${used}`,
    bad.count > 0 && `${count(bad.count)} bad left out`,
    held > 0 && `${count(held)} held out`,
    settings.streaming && `streamed, shuffled within ${count(settings.shuffleWindow)}`,
  ];
  return parts.filter(Boolean).join(", ");
}

/** "100 steps in 34 epochs", or "in 2 of 8" where the steps end first. */
function stepsLine({ steps: { total, perEpoch }, settings: { epochs = perEpoch.length } }: PreparedTraining): string {
  const some = epochs > perEpoch.length ? `${perEpoch.length} of ` : "";
  return `${plural(total, "step")} in ${some}${plural(epochs, "epoch")}`;
}

function lengthLine({ loaded: { model }, sample }: PreparedTraining): string {
  const { anchors, positives } = sampleLengths(model, sample);
  const said = (
    [
      ["anchors", anchors],
      ["positives", positives],
    ] as const
  ).map(([name, one]) => `${name} ${one.median} tokens median (${share(one.atLimit, one.texts)} at the limit)`);
  return `${said.join(" · ")}; limit ${model.parts.maxLength}`;
}

/** "infonce (temperature 0.05)": with the numbers that are set. */
function describeChoice([name, options]: Recorded): string {
  const numbers = Object.entries(options).flatMap(([key, value]) =>
    typeof value === "number" && value !== 0 ? [`${key} ${number(value)}`] : [],
  );
  return numbers.length > 0 ? `${name} (${numbers.join(", ")})` : name;
}

/** The interval of the gain over queries, where both evaluations have values per query. */
function intervalOf(before: Evaluation | undefined, after: Evaluation, seed: number): string {
  const gain = before && pairedGain(before, after, { seed });
  return gain ? `, 95 % interval of the gain ${gain.low.toFixed(3)} … ${gain.high.toFixed(3)}` : "";
}
