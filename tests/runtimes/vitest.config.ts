import { defineConfig } from "vitest/config";
import base from "../../vitest.config.ts";
import { root } from "../lib/workspace.ts";

export default defineConfig({ root, test: { ...base.test, include: ["tests/runtimes/*.check.ts"], testTimeout: 120_000 } });
