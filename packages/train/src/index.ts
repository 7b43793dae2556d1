export { listCheckpoints } from "./checkpoint.ts";
export { trainOptions } from "./config.ts";
export type { TrainConfig, TrainOptions } from "./config.ts";
export type { CheckpointEvent, EndEvent, EvaluationEvent, StartEvent, StepEvent, TrainEvent, TrainResult, WarningEvent } from "./events.ts";
export { planTraining, updatesOf } from "./plan.ts";
export { train } from "./run.ts";
export type { Run } from "./run.ts";
export { jsonlTracker } from "./tracker.ts";
export type { Tracker } from "./tracker.ts";
