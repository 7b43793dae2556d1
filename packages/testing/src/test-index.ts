// The conformance test of indexes: one call in a plugin's test file registers everything that an index has to get right.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Files, Plugin } from "@attune/core";
import type { Metric } from "@attune/search";
import { afterAll, describe, test } from "vitest";
import { changeChecks } from "./index-checks/change-checks.ts";
import { fileChecks } from "./index-checks/file-checks.ts";
import { searchChecks } from "./index-checks/search-checks.ts";
import type { IndexSubject } from "./index-checks/subject.ts";

/** What is tested, and what it claims. */
export interface IndexUnderTest {
  readonly plugin: Plugin<"index">;
  /** Where indexes are saved. */
  readonly files: Files;
  /** Sets of options by name, each checked with everything; a call makes those of a new index, which shares nothing with others. */
  readonly options?: Readonly<Record<string, () => object>>;
  readonly metrics?: readonly Metric[];
  /** Share of the ten best that a search of 1,200 structured vectors must find; all of them by default. */
  readonly recall?: number;
  /** How far scores may be from the true ones. */
  readonly tolerance?: number;
  /** Why nothing can be tested here. */
  readonly skip?: string | undefined;
}

const defaults = { defaults: () => ({}) };

/**
 * Registers vitest tests for an index: recall on structured vectors, scores, ties, filters, replacing, deleting, saving, and the same errors for the same
 * mistakes as all others (wrong width, NaN, nothing in it, k beyond the size, damaged and foreign files, closed).
 */
export function testIndex({
  plugin,
  files,
  options = defaults,
  metrics = ["cosine", "ip"],
  recall = 1,
  tolerance = 1e-5,
  skip,
}: IndexUnderTest): void {
  const folders = mkdtempSync(join(tmpdir(), "attune-index-"));
  afterAll(() => rmSync(folders, { recursive: true, force: true }));
  let made = 0;
  const checks = { ...searchChecks, ...changeChecks, ...fileChecks };
  for (const [name, fresh] of Object.entries(options)) {
    for (const metric of metrics) {
      describe.skipIf(skip !== undefined)(
        `index ${plugin.name}, ${name}, ${metric}${skip === undefined ? "" : ` (skipped: ${skip})`}`,
        () => {
          const subject: IndexSubject = { plugin, metric, files, fresh, recall, tolerance, folder: () => join(folders, `${made++}`) };
          for (const [title, check] of Object.entries(checks)) test(title, () => check(subject));
        },
      );
    }
  }
}
