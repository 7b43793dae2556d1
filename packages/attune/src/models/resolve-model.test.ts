import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { attune, folderWith, rows, tinyModel } from "../../test/cli.ts";

const commit = "c".repeat(40);

/** A cache as Python makes it, with the tiny model as org/tiny; nothing is ever asked of a hub. */
function cacheWithModel(): string {
  const home = folderWith();
  const root = join(home, "hub/models--org--tiny");
  for (const folder of ["blobs", "snapshots", "refs"]) mkdirSync(join(root, folder), { recursive: true });
  cpSync(tinyModel, join(root, "blobs/model"), { recursive: true });
  symlinkSync("../blobs/model", join(root, "snapshots", commit));
  writeFileSync(join(root, "refs/main"), commit);
  return home;
}

beforeEach(() => {
  vi.stubEnv("HF_HUB_CACHE", "");
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  vi.stubEnv("HF_HOME", cacheWithModel());
  onTestFinished(() => void vi.unstubAllEnvs());
});

const encode = (folder: string, model: string) =>
  attune(["encode", "--model", model, "--device", "typescript", "--input", join(folder, "in.txt")]);

test("a hub id is the folder in the cache; a folder of that name goes first", async () => {
  const folder = folderWith({ "in.txt": "the sun\nmoon\n" });
  const expected = await encode(folder, tinyModel);
  expect(expected.status).toBe(0);
  for (const id of ["org/tiny", "org/tiny@main", `org/tiny@${commit}`]) expect((await encode(folder, id)).stdout).toBe(expected.stdout);
});

test("a training records the exact revision and can be repeated from its record", async () => {
  const folder = folderWith({ "rows.jsonl": rows(8) });
  const common = ["--device", "typescript", "--epochs", "1", "--batch-size", "4", "--no-report"];
  const output = join(folder, "tuned");
  const first = await attune(["train", "--model", "org/tiny", "--data", join(folder, "rows.jsonl"), "--output", output, ...common]);
  expect(first).toMatchObject({ status: 0 });
  expect(JSON.parse(readFileSync(join(output, "attune.json"), "utf8"))).toMatchObject({ model: `org/tiny@${commit}` });
  const again = await attune(["train", "--config", join(output, "attune.json"), "--output", join(folder, "again")]);
  expect(again).toMatchObject({ status: 0 });
  const weights = (run: string): Buffer => readFileSync(join(folder, run, "model.safetensors"));
  expect(weights("again").equals(weights("tuned"))).toBe(true);
});

test.each([
  { model: "org/tinny", code: "E_HUB_OFFLINE", says: ["org/tinny is no folder here", "did you mean org/tiny, which is there?"] },
  { model: "./org/tiny", code: "E_MODEL_FOLDER", says: ["./org/tiny does not exist"] },
  { model: "a/b/c", code: "E_MODEL_FOLDER", says: ["a/b/c does not exist"] },
])("$model is $code", async ({ model, code, says }) => {
  const { status, stdout, stderr } = await encode(folderWith({ "in.txt": "a\n" }), model);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain(`error ${code}  `);
  for (const words of says) expect(stderr).toContain(words);
});
