import { cpSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createNodeFiles } from "@attune/files-node";
import { expect, test } from "vitest";
import { folderWith, tinyModel } from "../../test/cli.ts";
import { hashFiles, hashModel, hashReading } from "./model-hash.ts";

const files = createNodeFiles();

/** A copy of the small model. */
function model(): string {
  const folder = folderWith({});
  cpSync(tinyModel, folder, { recursive: true });
  return folder;
}

const hashes = async (folder: string) => [await hashModel(files, folder, { a: 1 }), await hashReading(files, folder, {})];

test("a file that loading does not read leaves a model the same", async () => {
  const folder = model();
  const before = await hashes(folder);
  for (const name of ["results.json", "notes.txt", "data_config.json", "pytorch_model.bin", "1_Pooling/eval.json"])
    writeFileSync(join(folder, name), "{}");
  expect(await hashes(folder)).toEqual(before);
});

test.each(["config.json", "modules.json", "1_Pooling/config.json", "vocab.txt", "tokenizer.json"])(
  "%s makes it another one",
  async (name) => {
    const folder = model();
    const before = await hashes(folder);
    const path = join(folder, name);
    writeFileSync(path, `${await files.readText(path)}\n`);
    const after = await hashes(folder);
    expect([after[0] === before[0], after[1] === before[1]]).toEqual([false, false]);
  },
);

test("weights are part of the model, not of how it reads", async () => {
  const folder = model();
  const before = await hashes(folder);
  writeFileSync(join(folder, "model.safetensors"), "others");
  const after = await hashes(folder);
  expect([after[0] === before[0], after[1] === before[1]]).toEqual([false, true]);
});

test("of a folder with nothing else it covers all files in their order, as checkpoints have recorded it", async () => {
  const all = readdirSync(tinyModel, { recursive: true, encoding: "utf8" }).filter((path) => /\.(json|safetensors|txt)$/.test(path));
  expect(await hashModel(files, tinyModel, { a: 1 })).toBe(await hashFiles(files, tinyModel, all.sort(), { a: 1 }));
});
