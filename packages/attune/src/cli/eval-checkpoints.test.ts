import { join } from "node:path";
import { expect, test } from "vitest";
import { attune, folderWith, rows, tinyModel } from "../../test/cli.ts";

test("a checkpoint whose metric is no number is never the best one", async () => {
  const folder = folderWith({
    "rows.jsonl": rows(8),
    "told.mjs": `import { z } from ${JSON.stringify(import.meta.resolve("zod"))};
    const evaluateQueries = async () => ({ metrics: { score: globalThis.nextScore() } });
    const evaluator = { name: "told", metrics: ["score"], primary: "score", evaluateQueries, evaluate: async () => (await evaluateQueries()).metrics };
    export default { kind: "evaluator", name: "told", summary: "tells the test", options: z.object({ data: z.string() }), create: async () => evaluator };`,
  });
  const [data, tuned, plugin] = ["rows.jsonl", "tuned", "told.mjs"].map((name) => join(folder, name));
  const words = ["--batch-size", "4", "--save-steps", "1", "--keep", "9", "--epochs", "2", "--no-eval", "--no-report"];
  expect(
    (await attune(["train", "--model", tinyModel, "--device", "typescript", "--data", data, "--output", tuned, ...words])).status,
  ).toBe(0);
  const measured = async (...scores: number[]) => {
    (globalThis as { nextScore?: () => number }).nextScore = () => scores.shift()!;
    return attune([
      "eval",
      "--device",
      "typescript",
      "--all-checkpoints",
      tuned,
      "--data",
      data,
      "--plugin",
      plugin,
      "--evaluator",
      "told",
    ]);
  };
  expect((await measured(Number.NaN, 0.2, 0.7, Number.NaN)).stdout).toMatch(/best \(\*\) at step 3$/m);
  expect((await measured(Number.NaN, Number.NaN, Number.NaN, Number.NaN)).stdout).toMatch(/over 4 measurements$/m);
});
