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

  create({ maxBytes }, { log }) {
    for (const warning of ignoredVariables()) log.warn(warning);
    return createCpuBackend({ ...(maxBytes !== undefined && { maxBytes }) });
  },
});

/** What the environment asks for and this machine cannot give, as sentences. */
function ignoredVariables(): string[] {
  const { ATTUNE_CPU_ISA: isa, ATTUNE_THREADS: threads } = process.env;
  const { name, available } = loadAddon().instructionSet();
  const warnings: string[] = [];
  if (isa && !available.includes(isa))
    warnings.push(`ATTUNE_CPU_ISA=${isa} cannot run here (${available.join(", ")} can); ${name} is used`);
  if (threads && !(Number.parseInt(threads, 10) > 0)) warnings.push(`ATTUNE_THREADS=${threads} is no number of threads; it is ignored`);
  return warnings;
}
