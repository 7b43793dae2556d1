// The commands by name. What a command does is loaded when it is run.

import type { Command } from "./command.ts";

export interface Entry {
  readonly summary: string;
  /** The option that a first word without dashes stands for. */
  readonly first?: string;
  load(): Promise<{ readonly command: Command }>;
}

/** In the order in which a newcomer meets them. */
export const commands: Readonly<Record<string, Entry>> = {
  quickstart: {
    summary: "trains a small model on built-in data, offline, and shows what it learnt",
    load: () => import("./commands/quickstart.ts"),
  },
  pipeline: {
    summary: "inspects, mines, trains and compares, in one command that can be resumed",
    load: () => import("./commands/pipeline.ts"),
  },
  train: { summary: "fine-tunes an embedding model on your data", load: () => import("./commands/train.ts") },
  encode: { summary: "texts to vectors", load: () => import("./commands/encode.ts") },
  eval: { summary: "measures a model, or two beside each other", load: () => import("./commands/eval.ts") },
  mine: { summary: "finds hard negatives for your rows", load: () => import("./commands/mine.ts") },
  score: { summary: "writes a teacher's scores into rows, for distillation", load: () => import("./commands/score.ts") },
  rerank: { summary: "orders documents by how well they answer a query", load: () => import("./commands/rerank.ts") },
  tokenizer: { summary: "learns a vocabulary from your texts", load: () => import("./commands/tokenizer.ts") },
  watch: { summary: "shows a training in your browser while it runs", first: "run", load: () => import("./commands/watch.ts") },
  inspect: { summary: "what is in data or a model, and what is wrong with it", first: "path", load: () => import("./commands/inspect.ts") },
  doctor: { summary: "versions, devices, and how fast they are", load: () => import("./commands/doctor.ts") },
  plugins: { summary: "what is registered, with options", load: () => import("./commands/plugins.ts") },
};
