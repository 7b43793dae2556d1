// The end of a test run: every skipped test with its reason, then one plain line of totals that other programs can read.

import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

/** Prints skips grouped by reason and closes with `N passed, N failed` (`, N skipped` where some were). */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    // A file that fails to load has no failed test, and an error outside of tests belongs to none.
    const broken = modules.filter((module) => module.errors().length > 0).length + unhandled.length;
    const skipped = tests.filter((test) => test.result().state === "skipped");
    const lines = [
      ...skippedLines(skipped),
      `${count("passed")} passed, ${count("failed") + broken} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`,
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
  }
}

function skippedLines(skipped: readonly TestCase[]): string[] {
  const byReason = Map.groupBy(skipped, reasonOf);
  return [...byReason].flatMap(([reason, tests]) => [
    `skipped: ${reason}`,
    ...tests.map((test) => `  ${test.module.relativeModuleId} > ${test.fullName}`),
    "",
  ]);
}

/** The note of `context.skip(note)`, or what a name says after "skipped:". */
function reasonOf(test: TestCase): string {
  const result = test.result();
  if (result.state === "skipped" && result.note) return result.note;
  const named = /skipped: ([^()]+)/.exec(test.fullName)?.[1];
  return named ?? (test.module.state() === "failed" ? "its file failed" : "no reason given");
}
