import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createNodeFiles } from "@attune/files-node";
import { encode, loadEmbeddingModel } from "@attune/embedding";
import { expect, test } from "vitest";
import { attune, folderWith } from "../../test/cli.ts";
import { createDefaultRegistry } from "../built-ins.ts";
import { openRuntime } from "../runtime.ts";
import { quickstartFolder, readExamples, readTitles } from "./data.ts";
import { writeUntrainedModel } from "./untrained-model.ts";

const files = createNodeFiles();

test("the data are found, and each example's article is among them", async () => {
  const folder = quickstartFolder();
  for (const name of ["config.json", "tokenizer.json", "corpus.jsonl", "queries.jsonl", "qrels/train.tsv", "qrels/test.tsv"])
    expect(existsSync(join(folder, name)), name).toBe(true);
  const [examples, titles] = [await readExamples(files, folder), await readTitles(files, folder)];
  expect(examples).toHaveLength(3);
  for (const { article, title } of examples) expect(titles.get(article)).toBe(title);
});

test("an untrained model is a folder that loads; its weights come from the seed", async () => {
  const folder = folderWith();
  await using runtime = await openRuntime({ registry: await createDefaultRegistry(), device: "typescript" });
  const vectorOf = async (name: string, seed: number): Promise<Float32Array> => {
    await writeUntrainedModel(runtime, join(folder, name), { source: quickstartFolder(), seed });
    const { engine, families } = runtime;
    using model = (await loadEmbeddingModel(runtime.context, join(folder, name), { engine, families })).model;
    return encode(model, ["my screen stays black"]);
  };
  const [one, same, other] = [await vectorOf("a", 1), await vectorOf("b", 1), await vectorOf("c", 2)];
  expect(one).toHaveLength(128);
  expect(Math.hypot(...one)).toBeCloseTo(1, 5);
  expect(same).toEqual(one);
  expect(other).not.toEqual(one);
});

test("a folder that an earlier quickstart did not make is left alone", async () => {
  const folder = join(folderWith(), "mine");
  mkdirSync(folder);
  writeFileSync(join(folder, "thesis.tex"), "years of work");
  const { status, stderr } = await attune(["quickstart", "--output", folder, "--device", "typescript"]);
  expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining("was not made by attune quickstart") });
  expect(existsSync(join(folder, "thesis.tex"))).toBe(true);
});

test("somebody's own folder named model is no earlier quickstart, and two quickstarts do not share a folder", async () => {
  const folder = join(folderWith(), "mine");
  mkdirSync(join(folder, "model"), { recursive: true });
  writeFileSync(join(folder, "model", "config.json"), "weeks of training");
  const quickstart = () => attune(["quickstart", "--output", folder, "--device", "typescript"]);
  expect(await quickstart()).toMatchObject({ status: 1, stderr: expect.stringContaining("was not made by attune quickstart") });
  expect(existsSync(join(folder, "model", "config.json"))).toBe(true);
  mkdirSync(join(folder, "untrained"));
  await using _lock = await files.lock(join(folder, ".lock"));
  expect(await quickstart()).toMatchObject({ status: 1, stderr: expect.stringContaining("E_LOCKED") });
  expect(existsSync(join(folder, "model", "config.json"))).toBe(true);
});
