// TensorBoard event files from a training's events, written byte by byte: no TensorFlow, no Python, any runtime.

import { definePlugin } from "@attune/core";
import { z } from "zod";
import { tensorboardTracker } from "./tensorboard-tracker.ts";

export { tensorboardTracker } from "./tensorboard-tracker.ts";

/** A resume removes what a checkpoint does not know, so the folder must be this training's own. */
function isInside(path: string): boolean {
  return !/^([/\\]|[a-z]:)/i.test(path) && !path.split(/[/\\]/).includes("..");
}

/** The plugin of kind "tracker" named "tensorboard". */
const tensorboard = definePlugin({
  kind: "tracker",
  name: "tensorboard",
  summary: "TensorBoard event files (loss, rate, gradient norm, speed, metrics)",
  options: z.strictObject({
    folder: z
      .string()
      .min(1)
      .refine(isInside, "must lie inside the output folder")
      .default("runs")
      .describe("folder of the event files, inside the output folder"),
  }),
  create:
    ({ folder }, { files }) =>
    (output) =>
      tensorboardTracker(files, output, { folder }),
});

export default tensorboard;
