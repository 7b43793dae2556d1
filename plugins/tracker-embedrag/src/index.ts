// The JSON logs of EmbedRAG from a training's events, for whoever has scripts that read them.

import { definePlugin } from "@attune/core";
import { z } from "zod";
import { embedragTracker } from "./embedrag-tracker.ts";

export { embedragTracker } from "./embedrag-tracker.ts";

/** The plugin of kind "tracker" named "embedrag". */
const embedrag = definePlugin({
  kind: "tracker",
  name: "embedrag",
  summary: "the three JSON logs of EmbedRAG (steps, epoch losses, summary)",
  options: z.strictObject({}),
  create:
    (_, { files }) =>
    (output) =>
      embedragTracker(files, output),
});

export default embedrag;
