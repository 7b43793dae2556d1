import { readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { attune, folderWith, rows, tinyModel } from "../../test/cli.ts";

const model = ["--model", tinyModel, "--device", "typescript"];

test("--token-cache changes no vector, is read by the next run, and repairs itself", async () => {
  const folder = folderWith({ "in.txt": "the sun\n\na red house by the road\n" });
  const encode = (...more: string[]) => attune(["encode", ...model, "--input", join(folder, "in.txt"), ...more]);
  const cache = join(folder, "cache");
  const plain = await encode();
  const first = await encode("--token-cache", cache);
  const second = await encode("--token-cache", cache);
  expect(first).toMatchObject({ status: 0, stdout: plain.stdout, stderr: expect.stringContaining("new one") });
  expect(second).toMatchObject({ status: 0, stdout: plain.stdout, stderr: expect.stringContaining(`from ${cache}, 0 new ones`) });
  const [shard] = readdirSync(cache, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".tokens"));
  truncateSync(join(cache, shard), 90);
  const third = await encode("--token-cache", cache);
  expect(third).toMatchObject({ status: 0, stdout: plain.stdout });
  expect(third.stderr.match(/files of the token cache are damaged/g)).toHaveLength(1);
  expect((await encode("--token-cache", cache)).stderr).toContain("0 new ones");
});

test("a training with a token cache is the same training", async () => {
  const folder = folderWith({ "rows.jsonl": rows(8) });
  const train = (output: string, ...more: string[]) =>
    attune([
      "train",
      ...model,
      "--data",
      join(folder, "rows.jsonl"),
      "--output",
      join(folder, output),
      "--epochs",
      "1",
      "--no-report",
      ...more,
    ]);
  expect(await train("plain")).toMatchObject({ status: 0 });
  const cached = await train("cached", "--token-cache", join(folder, "cache"));
  expect(cached).toMatchObject({ status: 0, stderr: expect.stringMatching(/token cache: \d+ texts? from/) });
  const weights = (run: string): Buffer => readFileSync(join(folder, run, "model.safetensors"));
  expect(weights("cached").equals(weights("plain"))).toBe(true);
});

test("--token-cache is for a model, and for a folder", async () => {
  const folder = folderWith({ "rows.jsonl": rows(8), "in.txt": "a\n" });
  const mine = ["mine", "--data", join(folder, "rows.jsonl"), "--miner", "bm25", "--output", join(folder, "o.jsonl")];
  const without = await attune([...mine, "--token-cache", folder]);
  expect(without).toMatchObject({ status: 2, stderr: expect.stringContaining("--token-cache is for --model") });
  const file = await attune(["encode", ...model, "--input", join(folder, "in.txt"), "--token-cache", join(folder, "in.txt")]);
  expect(file).toMatchObject({ status: 0, stderr: expect.stringMatching(/the token cache keeps nothing new: .*in\.txt/) });
});
