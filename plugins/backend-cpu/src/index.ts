// The plugin `cpu` of kind `backend`. The addon is loaded when the plugin is asked for, not before.

import { AttuneError, definePlugin } from "@attune/core";
import { z } from "zod";
import { createCpuBackend } from "./cpu-backend.ts";
import { loadAddon } from "./native.ts";

export { createCpuBackend } from "./cpu-backend.ts";
export { loadAddon } from "./native.ts";
export type { NativeAddon, NativeFailure, NativeInstance } from "./native.ts";

export default definePlugin({
  kind: "backend",
  name: "cpu",
  summary: "native kernels for this processor, multi-threaded",
  options: z.strictObject({ maxBytes: z.number().int().positive().optional().describe("most memory to reserve, in bytes") }),

  available() {
    try {
      loadAddon();
      return true;
    } catch (error) {
      return error instanceof AttuneError ? error.sentence : String(error);
    }
  },

  create: ({ maxBytes }) => createCpuBackend({ ...(maxBytes !== undefined && { maxBytes }) }),
});
