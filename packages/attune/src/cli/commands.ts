// The commands by name. What a command does is loaded when it is run.

import type { Command } from "./command.ts";

export interface Entry {
  readonly summary: string;
  load(): Promise<{ readonly command: Command }>;
}

/** In the order in which a newcomer meets them. */
export const commands: Readonly<Record<string, Entry>> = {
  quickstart: {
    summary: "trains a small model on built-in data, offline, and shows what it learnt",
    load: () => import("./commands/quickstart.ts"),
  },
  train: { summary: "fine-tunes an embedding model on your data", load: () => import("./commands/train.ts") },
  encode: { summary: "texts to vectors", load: () => import("./commands/encode.ts") },
  eval: { summary: "measures a model: retrieval or similarity", load: () => import("./commands/eval.ts") },
  mine: { summary: "finds hard negatives for your rows", load: () => import("./commands/mine.ts") },
  score: { summary: "writes a teacher's scores into rows, for distillation", load: () => import("./commands/score.ts") },
  doctor: { summary: "versions, devices, and how fast they are", load: () => import("./commands/doctor.ts") },
  plugins: { summary: "what is registered, with options", load: () => import("./commands/plugins.ts") },
};
