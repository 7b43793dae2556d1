import { defineConfig } from "vitest/config";
import { SummaryReporter } from "./tests/lib/summary-reporter.ts";

export default defineConfig({
  test: {
    include: ["{packages,plugins}/*/{src,test}/**/*.test.ts", "tests/**/*.test.ts"],
    testTimeout: 60_000,
    // Modules have no state of their own, so files may share a process: half the time (11 s against 22).
    pool: "forks",
    isolate: false,
    reporters: ["default", new SummaryReporter()],
  },
});
