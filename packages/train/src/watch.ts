// Evaluation while a model is trained: by any number of evaluators, the best step by one metric, and when to give up waiting for a better one.

import { AttuneError, nearestName } from "@attune/core";
import type { Evaluator, TextEmbedder } from "@attune/evaluation";
import type { TrainOptions } from "./config.ts";
import type { EvaluationEvent } from "./events.ts";

/** The best evaluation so far. Plain JSON: a checkpoint holds it. */
export interface Best {
  readonly metric: string;
  readonly step: number;
  readonly value: number;
  /** Evaluations since then that were not better. */
  readonly since: number;
}

type WatchOptions = Pick<TrainOptions, "bestMetric" | "patience" | "minDelta">;

/** The names under which metrics can be asked for: their own with one evaluator, `evaluator/metric` with several. */
export function metricNames(evaluators: readonly Evaluator[]): string[] {
  return evaluators.flatMap((one) => one.metrics.map((metric) => (evaluators.length === 1 ? metric : `${one.name}/${metric}`)));
}

/**
 * The metric that chooses the best model: the one that is asked for, or with a patience alone the primary one of the first evaluator;
 * undefined where nothing is chosen. E_METRIC for a name that no evaluator gives, E_OPTION where nothing is evaluated, and for a least gain
 * where nothing is chosen.
 */
export function watchedMetric(
  { bestMetric, patience, evalSteps, minDelta = 0 }: Pick<TrainOptions, "bestMetric" | "patience" | "evalSteps"> & Partial<WatchOptions>,
  evaluators: readonly Evaluator[],
): string | undefined {
  const place = bestMetric === undefined ? "patience" : "best metric";
  if (bestMetric === undefined && patience === undefined) {
    if (minDelta === 0) return undefined;
    const problem = "is for a metric that chooses a step, and none does";
    throw new AttuneError({ code: "E_OPTION", place: "min delta", problem, hint: "give --best-metric or --patience" });
  }
  if (evaluators.length === 0 || evalSteps === undefined) {
    const hint = "say how often (--eval-steps) and on what (--eval-data, or --hold-out 0.05)";
    throw new AttuneError({ code: "E_OPTION", place, problem: "needs evaluations while the model is trained", hint });
  }
  const names = metricNames(evaluators);
  if (bestMetric === undefined) return names[evaluators[0].metrics.indexOf(evaluators[0].primary)];
  const meant = names.filter((name) => name === bestMetric || name.endsWith(`/${bestMetric}`));
  if (names.includes(bestMetric)) return bestMetric;
  if (meant.length === 1) return meant[0];
  throw unknownMetric(bestMetric, { meant, names });
}

function unknownMetric(asked: string, { meant, names }: { meant: readonly string[]; names: readonly string[] }): AttuneError {
  const place = `best metric ${JSON.stringify(asked)}`;
  if (meant.length > 1) {
    return new AttuneError({
      code: "E_METRIC",
      place,
      problem: "is computed by several evaluators",
      hint: `available: ${meant.join(", ")}`,
    });
  }
  const nearest = nearestName(asked, names);
  const cutoffOf = (name: string): string | undefined => /@\d+$/.exec(name)?.[0];
  const hint = [
    nearest !== undefined && cutoffOf(nearest) === cutoffOf(asked) && `did you mean ${JSON.stringify(nearest)}?`,
    `available: ${names.join(", ")}${cutoffOf(asked) ? "; --eval-k adds cut-offs" : ""}`,
  ];
  return new AttuneError({ code: "E_METRIC", place, problem: "is computed by no evaluator", hint: hint.filter(Boolean).join(" ") });
}

/** The evaluations of one training. */
export class Watch {
  readonly #evaluators: readonly Evaluator[];
  readonly #options: WatchOptions;
  readonly #metric: string | undefined;
  #best: Best | undefined;
  #step: number | undefined;

  constructor(evaluators: readonly Evaluator[], options: TrainOptions) {
    this.#evaluators = evaluators;
    this.#options = options;
    this.#metric = watchedMetric(options, evaluators);
  }

  get any(): boolean {
    return this.#evaluators.length > 0;
  }

  get best(): Best | undefined {
    return this.#best;
  }

  /** The step that was evaluated last. */
  get step(): number | undefined {
    return this.#step;
  }

  /** Too many evaluations have passed without a better one. */
  get exhausted(): boolean {
    return this.#options.patience !== undefined && this.#best !== undefined && this.#best.since >= this.#options.patience;
  }

  /** Goes on where a checkpoint stood. */
  restore(best: Best | undefined, step: number | undefined): void {
    this.#best = best;
    this.#step = step;
  }

  /** Measures the model as it is after `step`. Rejects with the signal's reason once it is aborted; then nothing has been noted. */
  async evaluate(embedder: TextEmbedder, step: number, signal: AbortSignal): Promise<EvaluationEvent[]> {
    const found: Omit<EvaluationEvent, "improved">[] = [];
    for (const evaluator of this.#evaluators) {
      const started = performance.now();
      const metrics = await evaluator.evaluate(embedder, signal);
      signal.throwIfAborted();
      found.push({ type: "evaluation", step, name: evaluator.name, metrics, seconds: (performance.now() - started) / 1000 });
    }
    this.#step = step;
    return found.map((event) => this.#judge(event));
  }

  #judge(event: EvaluationEvent): EvaluationEvent {
    const own = Object.keys(event.metrics).find((name) => this.#nameOf(event, name) === this.#metric);
    if (own === undefined) return event;
    const value = event.metrics[own];
    const before = this.#best;
    // What is no finite number is never better, and could not be read back from a checkpoint.
    const improved = Number.isFinite(value) && (!before || value > before.value + this.#options.minDelta);
    if (improved) this.#best = { metric: this.#metric!, step: event.step, value, since: 0 };
    else if (before) this.#best = { ...before, since: before.since + 1 };
    return { ...event, improved };
  }

  #nameOf({ name }: EvaluationEvent, metric: string): string {
    return this.#evaluators.length === 1 ? metric : `${name}/${metric}`;
  }
}
