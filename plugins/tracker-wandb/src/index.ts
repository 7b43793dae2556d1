// Weights & Biases runs without its SDK: a folder that `wandb sync` uploads later, written byte by byte in any runtime.

import { definePlugin } from "@attune/core";
import { z } from "zod";
import { wandbTracker } from "./wandb-tracker.ts";

export { wandbTracker } from "./wandb-tracker.ts";

/** The plugin of kind "tracker" named "wandb". */
const wandb = definePlugin({
  kind: "tracker",
  name: "wandb",
  summary: "a Weights & Biases run that was made offline; wandb sync uploads it",
  options: z.strictObject({
    project: z.string().min(1).default("attune").describe("project of the run"),
    name: z.string().min(1).optional().describe("name of the run; that of the output folder when left out"),
  }),
  create:
    ({ project, name }, { files }) =>
    (output) =>
      wandbTracker(files, output, { project, ...(name !== undefined && { name }) }),
});

export default wandb;
