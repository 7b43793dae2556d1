// What a training tells: plain objects, in order, each naming the step that it describes.

export interface StartEvent {
  readonly type: "start";
  /** Optimiser steps of the whole training. */
  readonly steps: number;
  readonly epochs: number;
  /** Steps that an earlier part of this training has done; 0 without a resume. */
  readonly doneBefore: number;
  readonly examples: number;
  readonly trainableParameters: number;
}

export interface StepEvent {
  readonly type: "step";
  /** From 1. */
  readonly step: number;
  readonly epoch: number;
  /** Mean over the micro-batches. */
  readonly loss: number;
  readonly learningRate: number;
  /** Of the whole gradient, before clipping. */
  readonly gradientNorm: number;
  /** False: the gradient held NaN or infinity, and nothing was updated. */
  readonly applied: boolean;
  /** Real tokens, none of them padding. */
  readonly tokens: number;
  /** Since the training began, over all its parts, without evaluations and checkpoints. */
  readonly seconds: number;
}

export interface EvaluationEvent {
  readonly type: "evaluation";
  /** 0: the base model. */
  readonly step: number;
  readonly name: string;
  readonly metrics: Readonly<Record<string, number>>;
  /** Whether the metric that chooses the best model is better than ever; only where this evaluator computes it. */
  readonly improved?: boolean;
  readonly seconds: number;
}

export interface CheckpointEvent {
  readonly type: "checkpoint";
  readonly step: number;
  readonly folder: string;
}

export interface WarningEvent {
  readonly type: "warning";
  readonly step: number;
  readonly message: string;
}

export interface EndEvent {
  readonly type: "end";
  readonly result: TrainResult;
}

export type TrainEvent = StartEvent | StepEvent | EvaluationEvent | CheckpointEvent | WarningEvent | EndEvent;

export interface TrainResult {
  /** "stopped": by `run.stop` or a signal, before the last step or its evaluation, with a checkpoint to resume from. */
  readonly status: "done" | "stopped";
  readonly steps: number;
  /** Of training alone. */
  readonly seconds: number;
  /** Real tokens per second, the first two steps left out; undefined when there were no more. */
  readonly tokensPerSecond: number | undefined;
  readonly finalLoss: number | undefined;
  readonly skippedSteps: number;
  readonly checkpoint: string | undefined;
  /** The best evaluation, where a metric chooses: the model is then the one of that step. */
  readonly best?: { readonly metric: string; readonly step: number; readonly value: number };
  /** Ended before the last step, since evaluations had not become better for as long as was asked for. */
  readonly stoppedEarly?: boolean;
}
