// What commands can be told about watching the device. Not part of a training's configuration: it changes no result and is not recorded.

import { z } from "zod";

/** `--trace FILE`, for the schemas of commands. */
export const traceSetting = {
  trace: z.string().min(1).optional().describe("file for a Chrome trace of what the device ran when (open it in ui.perfetto.dev)"),
};
