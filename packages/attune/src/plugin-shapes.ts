// What plugins of each kind create, as far as that can be looked at: the interfaces of their packages, for plugins that no compiler has seen.

import type { Shapes } from "@attune/core";

/** Kind -> the functions that are called on what its plugins create. */
export const shapes = {
  backend: ["alloc", "free", "write", "read", "throttle", "sync", "dispose"],
  files: ["status", "open", "read", "readText", "write", "append", "rename", "remove", "list", "makeFolder", "lock"],
  source: ["accepts", "fetch"],
  model: ["create"],
  pooling: ["pool"],
  loss: ["compute"],
  optimizer: ["create"],
  schedule: ["factor"],
  sampler: ["batches", "count"],
  evaluator: ["evaluate", "evaluateQueries"],
  miner: ["open"],
  index: ["add", "search", "delete", "size", "save", "load"],
  tracker: "(folder) => Tracker",
} as const satisfies Shapes;
