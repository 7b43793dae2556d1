import { defineConfig } from "vitest/config";
import base from "../../vitest.config.ts";
import { root } from "../lib/workspace.ts";

const env = { ATTUNE_FUZZ: process.env.ATTUNE_FUZZ ?? "100000" };
const include = ["tests/fuzz/*.test.ts"];

export default defineConfig({ root, test: { ...base.test, include, env, testTimeout: 3_600_000 } });
