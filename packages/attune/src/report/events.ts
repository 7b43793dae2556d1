// What a training has told so far, from its log, as curves. The log may be written at this moment: half a line at its end is not read yet.

import type { Files } from "@attune/core";
import type { MetricCurve, StepCurves } from "@attune/report";
import type { TrainEvent } from "@attune/train";
import { cutoff, ordered } from "./metrics.ts";
import { metricLabel } from "./numbers.ts";

type EventOf<T extends TrainEvent["type"]> = Extract<TrainEvent, { type: T }>;

/** The events of the whole run, of a resumed one too; none where no log is kept. Lines that are no events are passed over. */
export async function readEvents(files: Files, path: string): Promise<TrainEvent[]> {
  if (!(await files.status(path))) return [];
  return (await files.readText(path)).split("\n").flatMap((line) => {
    try {
      const event = JSON.parse(line) as Partial<TrainEvent> | null;
      return typeof event?.type === "string" ? [event as TrainEvent] : [];
    } catch {
      return [];
    }
  });
}

/** Those of one type. */
export function eventsOf<T extends TrainEvent["type"]>(events: readonly TrainEvent[], type: T): EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type);
}

/** Loss, learning rate and gradient norm over the steps. */
export function curvesOf(events: readonly TrainEvent[]): StepCurves {
  const steps = eventsOf(events, "step");
  return {
    steps: steps.map(({ step }) => step),
    loss: steps.map(({ loss }) => loss),
    learningRate: steps.map(({ learningRate }) => learningRate),
    gradientNorm: steps.map(({ gradientNorm }) => gradientNorm),
  };
}

/** More lines than this cannot be told apart. */
const MOST_CURVES = 6;

/** The metrics of the evaluations during a training: of each evaluator, those with the cut-off of its primary one. */
export function metricCurvesOf(events: readonly TrainEvent[]): MetricCurve[] {
  const evaluations = eventsOf(events, "evaluation");
  const evaluators = [...new Set(evaluations.map(({ name }) => name))];
  const steps = [...new Set(evaluations.map(({ step }) => step))].sort((a, b) => a - b);
  const most = Math.max(1, Math.floor(MOST_CURVES / Math.max(1, evaluators.length)));
  return evaluators.flatMap((evaluator) => {
    const own = new Map(evaluations.filter(({ name }) => name === evaluator).map(({ step, metrics }) => [step, metrics]));
    const names = Object.keys([...own.values()][0]);
    const first = primaryOf(names);
    const shown = ordered(names, first).filter((name) => cutoff(name) === cutoff(first));
    return shown.slice(0, most).map((name) => ({
      metric: evaluators.length > 1 ? `${evaluator} ${metricLabel(name)}` : metricLabel(name),
      steps,
      values: steps.map((step) => own.get(step)?.[name] ?? null),
    }));
  });
}

/** What most look at first, where nobody says. */
export function primaryOf(names: readonly string[]): string {
  return names.find((name) => name === "ndcg@10" || name.endsWith("/ndcg@10")) ?? names[0];
}
