import { expandPositives } from "@attune/data";
import { EmbeddingModel } from "@attune/embedding";
import { expect, it } from "vitest";
import { temporaryFolder, tinyConfig } from "../test/tiny.ts";
import { microBatchOf } from "./micro-batch.ts";

it("puts an example's own prompt in the place of the model's", async () => {
  using output = temporaryFolder();
  const { parts } = (await tinyConfig(output.path)).model;
  const model = new EmbeddingModel({ ...parts, prompts: { query: "query: " } });
  const rows = [
    { anchor: "a kettle", positives: ["x"], negatives: [], prompt: "find: " },
    { anchor: "a kettle", positives: ["y"], negatives: [] },
  ];
  const { tokens } = microBatchOf(model, expandPositives(rows, "each", { seed: 1, epoch: 0 }));
  const anchor = (i: number) => [...tokens.ids.subarray(tokens.cuSeqlens[i], tokens.cuSeqlens[i + 1])];
  expect([anchor(0), anchor(1)]).toEqual(["find: a kettle", "query: a kettle"].map((text) => [...model.tokenize([text], "").ids]));
  expect([...tokens.promptLengths!.subarray(0, 2)].every((length) => length > 1)).toBe(true);
});
