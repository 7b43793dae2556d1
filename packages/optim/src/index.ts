export { adamw } from "./adamw.ts";
export type { Optimizer, OptimizerFactory, OptimizerState, StepOptions } from "./optimizer.ts";
export { decayGroups, decays } from "./parameter-groups.ts";
export { constant, cosine, linear, warmupSteps } from "./schedule.ts";
export type { Schedule } from "./schedule.ts";
