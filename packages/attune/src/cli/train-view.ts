// What a person sees of a training: facts about data and plan, a progress line, scores, and what to do next.

import type { Evaluation } from "@attune/evaluation";
import type { TrainEvent } from "@attune/train";
import { gainOf } from "../report/html.ts";
import { count, duration, metricLabel, number, plural, rate, rough, share, signed } from "../report/numbers.ts";
import { progressBar, sparkline } from "../report/sparkline.ts";
import type { JobObserver, JobResult, Moment } from "../training/job.ts";
import { sampleLengths } from "../training/lengths.ts";
import type { PreparedTraining } from "../training/prepare.ts";
import { shellWord } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

type Recorded = readonly [string, Readonly<Record<string, unknown>>];
type StepEvent = Extract<TrainEvent, { type: "step" }>;

/** Plain lines where the progress line cannot be redrawn. */
const PLAIN_LINES = 20;

export class TrainView implements JobObserver {
  readonly #terminal: Terminal;
  readonly #losses: number[] = [];
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
    const { settings, data, evaluation, steps, loaded, recorded } = prepared;
    this.#terminal.fact("data", `${settings.data}: ${dataLine(prepared)}`);
    if (data.bad.first) this.#terminal.fact("", `first bad row: ${data.bad.first.sentence}`);
    this.#terminal.fact("", lengthLine(prepared));
    if (evaluation.report) this.#terminal.fact("eval", evaluation.report.source);
    if (evaluation.during) this.#terminal.fact("", `every ${plural(settings.evalSteps!, "step")}: ${evaluation.during.source}`);
    const parameters = loaded.model.parameters.reduce((sum, { value }) => sum + value.size, 0);
    this.#terminal.fact("model", `${settings.model}: ${rough(parameters)} parameters, ${loaded.model.dimension} dimensions`);
    const names = [describeChoice(recorded.loss as Recorded), ...["optimizer", "schedule"].map((key) => (recorded[key] as Recorded)[0])];
    const accumulated = settings.accumulation > 1 ? ` x ${settings.accumulation}` : "";
    this.#terminal.fact(
      "plan",
      `${String(recorded.precision)} · batch ${settings.batchSize}${accumulated} · ${plural(steps.total, "step")} · ${names.join(" · ")}`,
    );
  }

  measuring(moment: Moment, texts: number): void {
    this.#terminal.progress(() => `  ${moment === "before" ? "baseline" : "result"}  ${plural(texts, "text")} embedded …`);
  }

  measured(moment: Moment, evaluation: Evaluation): void {
    const { primary } = this.#prepared.evaluation.report!.evaluator;
    const score = evaluation.metrics[primary];
    if (moment === "before") {
      this.#before = evaluation;
      this.#terminal.fact("baseline", `${metricLabel(primary)} ${score.toFixed(3)}`);
      return;
    }
    const base = this.#before?.metrics[primary];
    const gain = base === undefined ? "" : `${base.toFixed(3)} -> `;
    this.#terminal.fact(
      "result",
      `${metricLabel(primary)} ${gain}${score.toFixed(3)}${base === undefined ? "" : `   (${signed(score - base)}${intervalOf(this.#before, evaluation, this.#prepared.settings.seed)})`}`,
    );
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
      case "evaluation": {
        const { primary } = this.#prepared.evaluation.during!.evaluator;
        return this.#terminal.fact("eval", `step ${event.step}   ${metricLabel(primary)} ${event.metrics[primary].toFixed(3)}`);
      }
      case "warning":
        return this.#terminal.fact("warning", event.message);
      case "checkpoint":
      case "end":
        return;
      default:
        return event satisfies never;
    }
  }

  /** How a stopped training goes on. */
  stopped({ steps, checkpoint, output }: JobResult): void {
    this.#terminal.fact("stopped", `after step ${steps} of ${this.#total}; ${checkpoint ?? "no checkpoint"}`);
    this.#terminal.fact("next", `attune train --config ${shellWord(`${output}/attune.json`)} --output ${shellWord(output)} --resume`);
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

function dataLine({ data: { rows, bad, format }, evaluation }: PreparedTraining): string {
  const all = rows.length + bad.count;
  const held = rows.length - evaluation.rows.length;
  const used = bad.count > 0 || held > 0 ? `: ${count(evaluation.rows.length)} used` : "";
  const parts = [
    `${plural(all, "row")} (${format.columns.join(", ")})${used}`,
    bad.count > 0 && `${count(bad.count)} bad left out`,
    held > 0 && `${count(held)} held out`,
  ];
  return parts.filter(Boolean).join(", ");
}

function lengthLine({ loaded: { model }, evaluation: { rows } }: PreparedTraining): string {
  const { anchors, positives } = sampleLengths(model, rows);
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
  const gain = before && gainOf(before, after, seed);
  return gain ? `, 95 % interval of the gain ${gain.low.toFixed(3)} … ${gain.high.toFixed(3)}` : "";
}
