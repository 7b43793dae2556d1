// attune.config.ts: a configuration with types.

import type { TrainSettings } from "./settings/train-settings.ts";

/** Types a configuration and returns it unchanged; what it leaves out comes from flags or defaults. */
export function defineConfig(config: Partial<TrainSettings>): Partial<TrainSettings> {
  return config;
}
