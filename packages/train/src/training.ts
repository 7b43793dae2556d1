// The training loop. JavaScript runs one step ahead of the device: while a step computes, the next one is tokenised and enqueued, and
// what a step tells (loss, norm) is read when the following one is on its way. Tokenising takes a few hundredths of a step and costs the device no
// time, so it needs no thread of its own, which would take a core from the kernels where there are two.

import { AttuneError } from "@attune/core";
import type { Context } from "@attune/core";
import { factsStoppably } from "@attune/data";
import type { BatchCursor, BatchPlan, DataFacts } from "@attune/data";
import { encode } from "@attune/embedding";
import { decayGroups, warmupSteps } from "@attune/optim";
import type { Optimizer } from "@attune/optim";
import type { Parameter } from "@attune/tensor";
import { checkpointFolder, pruneCheckpoints, restoreWeights, writeCheckpoint } from "./checkpoint.ts";
import { Clock } from "./clock.ts";
import type { TrainConfig } from "./config.ts";
import type { EventHub } from "./event-hub.ts";
import type { TrainResult } from "./events.ts";
import { microBatchOf } from "./micro-batch.ts";
import { planTraining, updatesOf } from "./plan.ts";
import { reserveForLargest } from "./reserve.ts";
import { resumeNewest } from "./resume.ts";
import { enqueueStep } from "./step.ts";
import { Throughput } from "./throughput.ts";
import { ask } from "./told.ts";
import type { Told } from "./told.ts";
import type { TrackerPump } from "./tracker-pump.ts";
import { updatesFrom } from "./updates.ts";
import type { Update } from "./updates.ts";
import { Watch } from "./watch.ts";

/** Non-finite steps in a row that end a training. */
const MOST_SKIPPED = 3;

/** Tokens in a batch of an evaluation while training: few, so that stopping is heard soon. */
const EVALUATION_TOKENS = 1024;

interface Running {
  readonly step: number;
  readonly epoch: number;
  readonly learningRate: number;
  readonly tokens: number;
  /** What the device will tell: the queue answers in order, so the question is asked before the next step is enqueued. */
  readonly told: Promise<Told>;
}

/** A configuration of which all is known before the first step. */
type PlannedConfig = TrainConfig & Required<Pick<TrainConfig, "plan" | "facts">>;

export class Training {
  readonly #config: PlannedConfig;
  readonly #context: Pick<Context, "files">;
  readonly #hub: EventHub;
  readonly #pump: TrackerPump;
  readonly #plan: BatchPlan;
  readonly #total: number;
  readonly #facts: DataFacts;
  readonly #watch: Watch;
  readonly #parameters: readonly Parameter[];
  readonly #throughput = new Throughput();
  #optimizer!: Optimizer;
  #clock = new Clock();
  #reserved = false;
  #step = 0;
  #cursor: BatchCursor = { epoch: 0, batch: 0 };
  #running: Running | undefined;
  #finalLoss: number | undefined;
  #skipped = 0;
  #skippedInARow = 0;
  /** No step is being made, so the model is that of `#step`. */
  #between = true;
  #checkpoint: string | undefined;
  /** The step that `#checkpoint` holds. */
  #saved: number | undefined;

  constructor(config: PlannedConfig, context: Pick<Context, "files">, { hub, pump }: { hub: EventHub; pump: TrackerPump }) {
    const { options, model, loss, lossFor, plan, facts, evaluators = [] } = config;
    this.#config = config;
    this.#context = context;
    this.#hub = hub;
    this.#pump = pump;
    this.#plan = plan;
    this.#total = updatesOf(plan, options);
    this.#facts = facts;
    this.#watch = new Watch(evaluators, options);
    this.#parameters = [...model.parameters, ...(lossFor?.losses ?? [loss]).flatMap((one) => one.parameters?.() ?? [])];
  }

  /** Finds out what the configuration leaves open: the batches, and what identifies the rows. Rejects with the signal's reason. */
  static async planned(config: TrainConfig, signal: AbortSignal): Promise<PlannedConfig> {
    const plan = config.plan ?? (await planTraining(config, { signal }));
    const facts = config.facts ?? (await factsStoppably(config.rows, signal));
    return { ...config, plan, facts };
  }

  /** Runs to the end, or until `stopping` is aborted; leaves a checkpoint of where it stands, also where it fails between two steps. */
  async run(stopping: AbortSignal): Promise<TrainResult> {
    const { optimizer, options } = this.#config;
    using created = optimizer.create(decayGroups(this.#parameters, options.weightDecay));
    this.#optimizer = created;
    for (const parameter of this.#parameters) parameter.clearGradient(); // a step that failed before may have left some
    if (this.#config.resume) await this.#resume();
    this.#hub.publish({
      type: "start",
      steps: this.#total,
      epochs: this.#plan.stepsOfEpoch.length,
      doneBefore: this.#step,
      examples: this.#facts.rows,
      trainableParameters: this.#parameters.reduce((sum, { trainable, value }) => sum + (trainable ? value.size : 0), 0),
    });
    this.#warnOfUnusedLabels();
    await this.#pause(); // an evaluation before the training left memory in other sizes
    try {
      await this.#steps(stopping);
    } catch (error) {
      if (!isStop(error, stopping)) {
        await this.#rescue(error);
        throw error;
      }
    }
    await this.#settle();
    await this.#save();
    const result = this.#result(stopping);
    if (result.status === "done") await this.#takeBest();
    return result;
  }

  /** Step after step, with the evaluations and checkpoints between them. */
  async #steps(stopping: AbortSignal): Promise<void> {
    const { model, options } = this.#config;
    await this.#evaluate(stopping); // a step whose evaluation was cut short is measured after all
    for await (const update of updatesFrom(this.#plan, this.#cursor, { accumulation: options.accumulation, signal: stopping })) {
      if (this.#step >= this.#total || this.#watch.exhausted || stopping.aborted) break;
      this.#between = false;
      await this.#advance(update);
      await model.engine.backend.throttle();
      this.#between = true;
      await this.#evaluate(stopping);
      if (this.#due(options.saveSteps)) await this.#save(); // after the evaluation: a resume keeps it in the logs
    }
  }

  /** What fails between two steps, an evaluation or reading the next rows, takes no steps away: they are saved, if that is still possible. */
  async #rescue(error: unknown): Promise<void> {
    const diverged = error instanceof AttuneError && error.code === "E_DIVERGED";
    if (this.#between && this.#step > 0 && !diverged) await this.#save().catch(() => undefined); // what failed first is what is told
  }

  /** Pairs with a label of 0 are no positives; a loss that does not look at labels would pull them together. */
  #warnOfUnusedLabels(): void {
    const { loss, lossFor } = this.#config;
    const { rows, labelled } = this.#facts;
    if (labelled === 0 || lossFor || loss.needs.includes("labels")) return;
    const message = `${labelled} of ${rows} rows have a label or score, and ${loss.name} uses none: every pair counts as a positive, whatever its label (cosent looks at them)`;
    this.#hub.publish({ type: "warning", step: this.#step, message });
  }

  async #resume(): Promise<void> {
    const { files } = this.#context;
    const expected = {
      ...this.#facts,
      settings: this.#settings(),
      backend: this.#config.model.engine.backend.numerics,
      ...(this.#config.nameOf && { nameOf: this.#config.nameOf }),
    };
    const warnings: string[] = []; // told once the logs are cut: what is written before that would be cut off again
    try {
      const warn = (message: string): void => void warnings.push(message);
      const { folder, state } = await resumeNewest(files, this.#config.output, this.#trained(), { expected, warn });
      await this.#pump.truncate(state.logs);
      this.#watch.restore(state.best, state.evaluated);
      this.#skipped = state.step - state.applied;
      this.#skippedInARow = state.skippedInARow;
      this.#finalLoss = state.loss ?? undefined;
      this.#step = state.step;
      this.#cursor = state.cursor;
      this.#checkpoint = folder;
      this.#saved = state.step;
      this.#clock = new Clock(state.seconds);
    } finally {
      for (const message of warnings) this.#hub.publish({ type: "warning", step: this.#step, message });
    }
  }

  /** Enqueues one step, then reads what the one before it told. */
  async #advance({ batches, epoch, next }: Update): Promise<void> {
    const { model, loss, lossFor, schedule, options } = this.#config;
    const { learningRate: highest, clip, seed, warmup } = options;
    const learningRate = highest * schedule.factor(this.#step, this.#total, warmupSteps(warmup, this.#total));
    const microBatches = batches.map(({ examples }) => microBatchOf(model, examples));
    const losses = batches.map(({ examples }) => lossFor?.of(examples[0].rowIndex) ?? loss);
    if (!this.#reserved) reserveForLargest({ model, loss: losses[0], rows: this.#config.rows, seed }, microBatches[0]);
    this.#reserved = true;
    const tensors = enqueueStep({ model, losses, optimizer: this.#optimizer }, microBatches, {
      learningRate,
      maxNorm: clip,
      seed,
      step: this.#step,
    });
    this.#step++;
    this.#cursor = next;
    const tokens = microBatches.reduce((sum, batch) => sum + batch.tokens.ids.length, 0);
    const before = this.#running;
    this.#running = { step: this.#step, epoch, learningRate, tokens, told: ask(tensors, this.#clock) };
    if (before) await this.#tell(before);
  }

  /** Between steps and something else that needs memory: what steps need is given back meanwhile. */
  async #pause(): Promise<void> {
    await this.#settle();
    await this.#config.model.engine.backend.trim?.();
  }

  async #settle(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running) await this.#tell(running);
  }

  async #tell({ step, epoch, learningRate, tokens, told }: Running): Promise<void> {
    const { control, losses, seconds } = await told;
    const loss = losses.reduce((sum, value) => sum + value, 0) / losses.length;
    const [gradientNorm, , finite] = control;
    this.#throughput.add(tokens, seconds);
    this.#finalLoss = loss;
    this.#hub.publish({ type: "step", step, epoch, loss, learningRate, gradientNorm, applied: finite === 1, tokens, seconds });
    if (finite === 1) this.#skippedInARow = 0;
    else this.#skip(step, loss);
  }

  #skip(step: number, loss: number): void {
    this.#skipped++;
    this.#skippedInARow++;
    const message = `step ${step} was skipped: its ${Number.isFinite(loss) ? "gradient" : "loss"} is not finite`;
    this.#hub.publish({ type: "warning", step, message });
    if (this.#skippedInARow < MOST_SKIPPED) return;
    throw new AttuneError({
      code: "E_DIVERGED",
      place: `step ${step}`,
      problem: `${MOST_SKIPPED} steps in a row had a loss or gradient that is not finite`,
      hint: `lower --learning-rate, raise the temperature, or look for NaN in the weights${this.#checkpoint ? `; ${this.#checkpoint} is from before` : ""}`,
    });
  }

  /** Told that something happens every `every` steps: is it time? The last step has its own checkpoint. */
  #due(every: number | undefined): boolean {
    return every !== undefined && this.#step % every === 0 && this.#step < this.#total;
  }

  /** Whether the model is measured while it is trained, and then after the last step in any case. */
  get #evaluates(): boolean {
    return this.#watch.any && this.#config.options.evalSteps !== undefined;
  }

  async #save(): Promise<void> {
    await this.#pause();
    // Nothing has changed since: writing it again would take the only checkpoint away for a moment.
    if (this.#saved === this.#step) return;
    await this.#clock.paused(async () => {
      const { files } = this.#context;
      const { output, options } = this.#config;
      const logs = await this.#pump.offsets();
      const state = {
        step: this.#step,
        cursor: this.#cursor,
        fingerprint: this.#facts.fingerprint,
        rows: this.#facts.rows,
        settings: this.#settings(),
        backend: this.#config.model.engine.backend.numerics,
        logs,
        seconds: this.#clock.seconds,
        skippedInARow: this.#skippedInARow,
        loss: this.#finalLoss ?? null,
        evaluated: this.#watch.step,
        best: this.#watch.best,
      };
      this.#checkpoint = await writeCheckpoint(files, output, this.#trained(), state);
      this.#saved = this.#step;
      await pruneCheckpoints(files, output, { keep: options.keep, best: this.#watch.best?.step });
      this.#hub.publish({ type: "checkpoint", step: this.#step, folder: this.#checkpoint });
    });
  }

  /** Measures the model where it is time and has not been done; the best one so far is kept at once. Stopping cuts it short. */
  async #evaluate(stopping: AbortSignal): Promise<void> {
    const { model, options } = this.#config;
    const last = this.#step >= this.#total;
    if (!this.#evaluates || this.#step === this.#watch.step || this.#step === 0 || !(last || this.#due(options.evalSteps))) return;
    await this.#pause();
    const events = await this.#clock.paused(async () => {
      const embedder = {
        dimension: model.dimension,
        encode: (texts: readonly string[], side?: "query" | "document") =>
          encode(model, texts, { ...(side && { side }), signal: stopping, batchTokens: EVALUATION_TOKENS }),
      };
      return this.#watch.evaluate(embedder, this.#step, stopping).catch((error: unknown) => {
        if (isStop(error, stopping)) return [];
        throw error;
      });
    });
    for (const event of events) this.#hub.publish(event);
    if (events.some(({ improved }) => improved)) await this.#save();
  }

  /** The model of the best step takes the place of the last one. */
  async #takeBest(): Promise<void> {
    const { best } = this.#watch;
    if (!best || best.step === this.#step) return;
    const { files } = this.#context;
    const folder = checkpointFolder(this.#config.output, best.step);
    if (await files.status(folder)) return restoreWeights(files, folder, this.#parameters);
    const message = `the checkpoint of the best step ${best.step} is gone, so the model is that of the last step`;
    this.#hub.publish({ type: "warning", step: this.#step, message });
  }

  #result(stopping: AbortSignal): TrainResult {
    const { best, exhausted } = this.#watch;
    const stoppedEarly = exhausted && this.#step < this.#total;
    // The last step may be the best one: without its evaluation nobody can say which model is to be left.
    const unmeasured = stopping.aborted && this.#evaluates && this.#watch.step !== this.#step;
    return {
      status: stoppedEarly || (this.#step >= this.#total && !unmeasured) ? "done" : "stopped",
      steps: this.#step,
      seconds: this.#clock.seconds,
      tokensPerSecond: this.#throughput.perSecond,
      finalLoss: this.#finalLoss,
      skippedSteps: this.#skipped,
      checkpoint: this.#checkpoint,
      ...(best && { best: { metric: best.metric, step: best.step, value: best.value } }),
      ...(stoppedEarly && { stoppedEarly }),
    };
  }

  #trained(): { parameters: readonly Parameter[]; optimizer: Optimizer } {
    return { parameters: this.#parameters, optimizer: this.#optimizer };
  }

  /** What must be equal for a resume to be exact. */
  #settings(): Record<string, unknown> {
    const { saveSteps: _save, keep: _keep, epochs: _asked, evalSteps, ...numbers } = this.#config.options;
    const chooses = numbers.bestMetric !== undefined || numbers.patience !== undefined;
    const epochs = this.#plan.stepsOfEpoch.length; // as planned: whatever was asked for, the same batches follow
    return { ...numbers, epochs, ...(chooses && { evalSteps }), ...this.#config.settings };
  }
}

/** Whether an error only passes on that the training was told to stop, whatever reason the signal was given. */
function isStop(error: unknown, { aborted, reason }: AbortSignal): boolean {
  return aborted && (error === reason || (error instanceof Error && error.name === "AbortError"));
}
