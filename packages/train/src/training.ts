// The training loop. JavaScript runs one step ahead of the device: while a step computes, the next one is tokenised and enqueued, and
// what a step tells (loss, norm) is read when the following one is on its way.

import { AttuneError } from "@attune/core";
import type { Context } from "@attune/core";
import { fingerprintRows, labelOf } from "@attune/data";
import type { BatchCursor, BatchPlan } from "@attune/data";
import { encode } from "@attune/embedding";
import { decayGroups, warmupSteps } from "@attune/optim";
import type { Optimizer } from "@attune/optim";
import type { Parameter, TypedArray } from "@attune/tensor";
import { pruneCheckpoints, writeCheckpoint } from "./checkpoint.ts";
import { Clock } from "./clock.ts";
import type { TrainConfig } from "./config.ts";
import type { EventHub } from "./event-hub.ts";
import type { TrainResult } from "./events.ts";
import { microBatchOf } from "./micro-batch.ts";
import { planTraining, updatesOf } from "./plan.ts";
import { resumeNewest } from "./resume.ts";
import { enqueueStep } from "./step.ts";
import type { StepTensors } from "./step.ts";
import { Throughput } from "./throughput.ts";
import type { TrackerPump } from "./tracker-pump.ts";
import { updatesFrom } from "./updates.ts";
import type { Update } from "./updates.ts";

/** Non-finite steps in a row that end a training. */
const PATIENCE = 3;

interface Running {
  readonly step: number;
  readonly epoch: number;
  readonly learningRate: number;
  readonly tokens: number;
  /** What the device will tell: the queue answers in order, so the question is asked before the next step is enqueued. */
  readonly told: Promise<Told>;
}

interface Told {
  /** On the training clock, when the device had done the step. */
  readonly seconds: number;
  readonly control: TypedArray;
  readonly losses: readonly number[];
}

export class Training {
  readonly #config: TrainConfig;
  readonly #context: Pick<Context, "files">;
  readonly #hub: EventHub;
  readonly #pump: TrackerPump;
  readonly #plan: BatchPlan;
  readonly #total: number;
  readonly #fingerprint: string;
  readonly #parameters: readonly Parameter[];
  readonly #throughput = new Throughput();
  #optimizer!: Optimizer;
  #clock = new Clock();
  #step = 0;
  #cursor: BatchCursor = { epoch: 0, batch: 0 };
  #running: Running | undefined;
  #finalLoss: number | undefined;
  #skipped = 0;
  #skippedInARow = 0;
  #checkpoint: string | undefined;
  /** The step that `#checkpoint` holds. */
  #saved: number | undefined;

  constructor(config: TrainConfig, context: Pick<Context, "files">, { hub, pump }: { hub: EventHub; pump: TrackerPump }) {
    const { options, rows, model, loss } = config;
    this.#config = config;
    this.#context = context;
    this.#hub = hub;
    this.#pump = pump;
    this.#plan = config.plan ?? planTraining(config);
    this.#total = updatesOf(this.#plan, options);
    this.#fingerprint = fingerprintRows(rows);
    this.#parameters = [...model.parameters, ...(loss.parameters?.() ?? [])];
  }

  /** Runs to the end, or until `stopping()`; always leaves a checkpoint of where it stands. */
  async run(stopping: () => boolean): Promise<TrainResult> {
    const { model, optimizer, options } = this.#config;
    using created = optimizer.create(decayGroups(this.#parameters, options.weightDecay));
    this.#optimizer = created;
    for (const parameter of this.#parameters) parameter.clearGradient(); // a step that failed before may have left some
    if (this.#config.resume) await this.#resume();
    this.#hub.publish({
      type: "start",
      steps: this.#total,
      epochs: options.epochs,
      doneBefore: this.#step,
      examples: this.#config.rows.length,
      trainableParameters: this.#parameters.reduce((sum, { trainable, value }) => sum + (trainable ? value.size : 0), 0),
    });
    this.#warnOfUnusedLabels();
    for (const update of updatesFrom(this.#plan, this.#cursor, options.accumulation)) {
      if (this.#step >= this.#total || stopping()) break;
      await this.#advance(update);
      await model.engine.backend.throttle();
      if (this.#due(options.evalSteps)) await this.#evaluate();
      if (this.#due(options.saveSteps)) await this.#save(); // after the evaluation: a resume keeps it in the logs
    }
    await this.#settle();
    await this.#save();
    return this.#result();
  }

  /** Pairs with a label of 0 are no positives; a loss that does not look at labels would pull them together. */
  #warnOfUnusedLabels(): void {
    const { loss, rows } = this.#config;
    const labelled = rows.filter((row) => labelOf(row) !== undefined).length;
    if (labelled === 0 || loss.needs.includes("labels")) return;
    const message = `${labelled} of ${rows.length} rows have a label or score, and ${loss.name} uses none: every pair counts as a positive, whatever its label (cosent looks at them)`;
    this.#hub.publish({ type: "warning", step: this.#step, message });
  }

  async #resume(): Promise<void> {
    const { files } = this.#context;
    const expected = {
      fingerprint: this.#fingerprint,
      rows: this.#config.rows.length,
      settings: this.#settings(),
      backend: this.#config.model.engine.backend.numerics,
    };
    const warn = (message: string): void => this.#hub.publish({ type: "warning", step: this.#step, message });
    const { folder, state } = await resumeNewest(files, this.#config.output, this.#trained(), {
      expected,
      trackers: this.#config.trackers ?? [],
      warn,
    });
    this.#step = state.step;
    this.#cursor = state.cursor;
    this.#checkpoint = folder;
    this.#saved = state.step;
    this.#clock = new Clock(state.seconds);
  }

  /** Enqueues one step, then reads what the one before it told. */
  async #advance({ batches, epoch, next }: Update): Promise<void> {
    const { model, loss, schedule, options } = this.#config;
    const { learningRate: highest, clip, seed, warmup } = options;
    const learningRate = highest * schedule.factor(this.#step, this.#total, warmupSteps(warmup, this.#total));
    const microBatches = batches.map(({ examples }) => microBatchOf(model, examples));
    const tensors = enqueueStep({ model, loss, optimizer: this.#optimizer }, microBatches, {
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
    if (this.#skippedInARow < PATIENCE) return;
    throw new AttuneError({
      code: "E_DIVERGED",
      place: `step ${step}`,
      problem: `${PATIENCE} steps in a row had a loss or gradient that is not finite`,
      hint: `lower --learning-rate, raise the temperature, or look for NaN in the weights${this.#checkpoint ? `; ${this.#checkpoint} is from before` : ""}`,
    });
  }

  /** Told that something happens every `every` steps: is it time? The last step has its own checkpoint. */
  #due(every: number | undefined): boolean {
    return every !== undefined && this.#step % every === 0 && this.#step < this.#total;
  }

  async #save(): Promise<void> {
    await this.#settle();
    // Nothing has changed since: writing it again would take the only checkpoint away for a moment.
    if (this.#saved === this.#step) return;
    await this.#clock.paused(async () => {
      const { files } = this.#context;
      const { output, options, rows } = this.#config;
      const logs = await this.#pump.offsets();
      const state = {
        step: this.#step,
        cursor: this.#cursor,
        fingerprint: this.#fingerprint,
        rows: rows.length,
        settings: this.#settings(),
        backend: this.#config.model.engine.backend.numerics,
        logs,
        seconds: this.#clock.seconds,
      };
      this.#checkpoint = await writeCheckpoint(files, output, this.#trained(), state);
      this.#saved = this.#step;
      await pruneCheckpoints(files, output, options.keepCheckpoints);
      this.#hub.publish({ type: "checkpoint", step: this.#step, folder: this.#checkpoint });
    });
  }

  async #evaluate(): Promise<void> {
    const { evaluator, model } = this.#config;
    if (!evaluator) return;
    await this.#settle();
    await this.#clock.paused(async () => {
      const started = performance.now();
      const encoder = {
        dimension: model.dimension,
        encode: (texts: readonly string[], side: "query" | "document") => encode(model, texts, { side }),
      };
      const metrics = await evaluator.evaluate(encoder);
      this.#hub.publish({
        type: "evaluation",
        step: this.#step,
        name: evaluator.name,
        metrics,
        seconds: (performance.now() - started) / 1000,
      });
    });
  }

  #result(): TrainResult {
    return {
      status: this.#step >= this.#total ? "done" : "stopped",
      steps: this.#step,
      seconds: this.#clock.seconds,
      tokensPerSecond: this.#throughput.perSecond,
      finalLoss: this.#finalLoss,
      skippedSteps: this.#skipped,
      checkpoint: this.#checkpoint,
    };
  }

  #trained(): { parameters: readonly Parameter[]; optimizer: Optimizer } {
    return { parameters: this.#parameters, optimizer: this.#optimizer };
  }

  /** What must be equal for a resume to be exact. */
  #settings(): Record<string, unknown> {
    const { saveSteps: _save, keepCheckpoints: _keep, evalSteps: _eval, ...numbers } = this.#config.options;
    return { ...numbers, ...this.#config.settings };
  }
}

/** Reads a step's outcome and lets go of its tensors. A failure is thrown to whoever awaits the answer. */
function ask({ control, losses }: StepTensors, clock: Clock): Promise<Told> {
  const told = Promise.all([control.read(), ...losses.map((one) => one.item())])
    .then(([values, ...items]) => ({ control: values, losses: items, seconds: clock.seconds }))
    .finally(() => {
      for (const tensor of [control, ...losses]) tensor.dispose();
    });
  told.catch(() => undefined);
  return told;
}
