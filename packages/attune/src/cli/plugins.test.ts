// Plugins of the user's own, in the places where a command names them.

import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { definePlugin } from "@attune/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { attune, folderWith, rows, tinyModel, type Outcome } from "../../test/cli.ts";
import { createAttune } from "../attune.ts";

const train = (folder: string, output: string, ...more: string[]): Promise<Outcome> => {
  const words = ["--data", join(folder, "rows.jsonl"), "--output", join(folder, output), "--device", "typescript"];
  return attune(["train", "--model", tinyModel, ...words, "--batch-size", "4", "--no-report", ...more]);
};
const recorded = (...path: string[]) => JSON.parse(readFileSync(join(...path, "attune.json"), "utf8")) as Record<string, unknown>;

const source = (name: string): string => new URL(`../../../${name}/src/index.ts`, import.meta.url).href;
const imports = `import { definePlugin, joinPath } from "${source("core")}"; import { z } from "${import.meta.resolve("zod")}";`;

/** A module that exports a tracker; `create` is its source. */
function trackerModule(folder: string, create: string): string {
  const path = join(folder, "tracker.ts");
  const options = `z.strictObject({ file: z.string().default("mine.txt") })`;
  const plugin = `{ kind: "tracker", name: "mine", summary: "one of my own", options: ${options}, create: ${create} }`;
  writeFileSync(path, `${imports}\nexport const mine = definePlugin(${plugin});`);
  return path;
}

const writing = `({ file }, { files }) => (folder) => ({ name: "mine", onEvent: ({ type }) => files.append(joinPath(folder, file), type + "\\n") })`;

test("trackers take options, from a file and from flags, and attune.json repeats them", async () => {
  const folder = folderWith({ "rows.jsonl": rows(4) });
  const config = join(folder, "c.json");
  writeFileSync(config, JSON.stringify({ trackers: [["wandb", { project: "mine" }], "tensorboard"] }));
  const first = await train(folder, "out", "--config", config, "--trackers.tensorboard.folder", "curves");
  expect(first).toMatchObject({ status: 0 });
  const trackers = [
    ["wandb", { project: "mine" }],
    ["tensorboard", { folder: "curves" }],
  ];
  expect(recorded(folder, "out").trackers).toEqual(trackers);
  expect(["wandb", "curves", "runs"].map((name) => existsSync(join(folder, "out", name)))).toEqual([true, true, false]);
  await attune(["train", "--config", join(folder, "out", "attune.json"), "--output", join(folder, "again")]);
  expect(recorded(folder, "again").trackers).toEqual(trackers);
  const [options, twice, unknown] = [
    await train(folder, "none", "--trackers", "wandb", "--project", ""),
    await train(folder, "none", "--trackers", "wandb,wandb"),
    await train(folder, "none", "--trackers", "wandbee"),
  ];
  for (const outcome of [options, twice, unknown]) expect(outcome.status).toBe(2);
  expect(options.stderr).toMatch(/error E_OPTION {2}--project expected string/);
  expect(twice.stderr).toContain('error E_OPTION  --trackers expected each tracker once: got ["wandb","wandb"]');
  expect(unknown.stderr).toMatch(/error E_UNKNOWN_PLUGIN {2}tracker "wandbee" is not registered.\n {2}Hint: did you mean "wandb"/);
});

test("a module's plugins are those that it exports, under whatever names", async () => {
  const folder = folderWith({ "rows.jsonl": rows(4), "empty.ts": "export const mine = { kind: 'tracker' };" });
  const plugin = trackerModule(folder, writing);
  const { status, stderr } = await train(folder, "out", "--plugin", plugin, "--trackers", "mine", "--file", "told.txt");
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(readFileSync(join(folder, "out", "told.txt"), "utf8")).toBe("start\nstep\ncheckpoint\nend\n");
  expect(recorded(folder, "out")).toMatchObject({ trackers: [["mine", { file: "told.txt" }]], plugins: [plugin] });
  expect((await attune(["plugins", "--plugin", plugin, "--plugin", plugin])).stdout).toMatch(/^ {2}mine +one of my own$/m);
  expect((await attune(["encode", "--help"])).stdout).toMatch(/^ {2}--plugin TEXT +module of plugins to load; may be repeated/m);
  writeFileSync(join(folder, "thrown.ts"), "throw undefined;");
  expect((await train(folder, "none", "--plugin", join(folder, "thrown.ts"))).stderr).toMatch(/E_PLUGIN .*cannot be loaded: undefined/);
  expect(await train(folder, "none", "--plugin", join(folder, "empty.ts"))).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/E_PLUGIN {2}--plugin .*empty\.ts exports no plugin\.\n {2}Hint: export what definePlugin .* returns/),
  });
});

test.each([
  ["() => ({ onEvent() {} })", "tracker mine creates no tracker: expected the function (folder) => Tracker, got an object with onEvent."],
  ["() => {}", "tracker mine creates no tracker: expected the function (folder) => Tracker, got undefined."],
  [
    "() => async () => ({ onEvent() {} })",
    "tracker mine gives no tracker for a folder: expected an object with the functions onEvent, got a promise.",
  ],
])("what a plugin creates is looked at before the first step: %s", async (create, sentence) => {
  const folder = folderWith({ "rows.jsonl": rows(4) });
  const plugin = trackerModule(folder, create);
  const { status, stderr } = await train(folder, "out", "--plugin", plugin, "--trackers", "mine");
  expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining(`error E_PLUGIN  ${sentence}`) });
  expect(existsSync(join(folder, "out"))).toBe(false);
});

test("from code, a tracker is a plugin", async () => {
  const folder = folderWith({ "rows.jsonl": rows(4) });
  const heard: string[] = [];
  const ear = definePlugin({
    kind: "tracker",
    name: "ear",
    summary: "",
    options: z.strictObject({ loud: z.boolean().default(false) }),
    create:
      ({ loud }) =>
      () => ({ name: "ear", onEvent: ({ type }) => void heard.push(loud ? type.toUpperCase() : type) }),
  });
  await using attune = createAttune({ device: "typescript" });
  const request = { model: tinyModel, data: join(folder, "rows.jsonl"), output: join(folder, "out"), report: false };
  await attune.train({ ...request, trackers: ["embedrag", [ear, { loud: true }]] }).result;
  expect(heard).toEqual(["START", "STEP", "CHECKPOINT", "END"]);
  expect(recorded(folder, "out").trackers).toEqual([
    ["embedrag", {}],
    ["ear", { loud: true }],
  ]);
});

/** A module that exports a pooling: the first token or the mean, by its option. */
function poolingModule(folder: string, name: string): string {
  const path = join(folder, `${name}.ts`);
  const options = `z.strictObject({ of: z.enum(["cls", "mean"]).default("cls") })`;
  const plugin = `{ kind: "pooling", name: "${name}", summary: "", options: ${options}, create: ({ of }) => ({ cls, mean })[of] }`;
  writeFileSync(path, `${imports}\nimport { cls, mean } from "${source("pooling")}";\nexport const one = definePlugin(${plugin});`);
  return path;
}

test("a pooling of one's own measures, by name and with options", async () => {
  const table = "sentence1\tsentence2\tscore\nred sun\tblue moon\t1\nold tree\twet road house\t3\ncat\tdog and cat\t4\n";
  const folder = folderWith({ "pairs.tsv": table });
  const words = [
    "eval",
    "--model",
    tinyModel,
    "--device",
    "typescript",
    "--data",
    join(folder, "pairs.tsv"),
    "--plugin",
    poolingModule(folder, "chosen"),
    "--json",
  ];
  const measured = async (...more: string[]): Promise<unknown> => {
    const { status, stdout, stderr } = await attune([...words, ...more]);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    return (JSON.parse(stdout) as { metrics: unknown }).metrics;
  };
  const [own, cls] = [await measured(), await measured("--pooling", "cls")];
  expect(cls).not.toEqual(own);
  expect(await measured("--pooling", "chosen")).toEqual(cls);
  expect(await measured("--pooling", "chosen", "--pooling.of", "mean")).toEqual(own);
  expect(await attune([...words, "--pooling", "chosn"])).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/E_UNKNOWN_PLUGIN {2}pooling "chosn" is not registered\.\n {2}Hint: did you mean "chosen"\?/),
  });
});

test("a pooling that sentence-transformers has and attune has not comes from a plugin of its name, for whatever reads the folder", async () => {
  const folder = folderWith({ "rows.jsonl": rows(4), "texts.txt": "red sun\n" });
  const model = join(folder, "model");
  cpSync(tinyModel, model, { recursive: true });
  writeFileSync(join(model, "1_Pooling", "config.json"), JSON.stringify({ embedding_dimension: 32, pooling_mode: "weightedmean" }));
  const plugin = ["--plugin", poolingModule(folder, "weightedmean")];
  const config = join(folder, "c.json");
  writeFileSync(config, JSON.stringify({ model, data: join(folder, "rows.jsonl"), device: "typescript", report: false }));
  const trained = await attune(["train", "--config", config, "--output", join(folder, "out"), ...plugin]);
  expect({ status: trained.status, stderr: trained.stderr }).toMatchObject({ status: 0 });
  const encode = (...more: string[]): Promise<Outcome> =>
    attune(["encode", "--device", "typescript", "--model", join(folder, "out"), "--input", join(folder, "texts.txt"), ...more]);
  expect(await encode(...plugin)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\[.*\]\n$/) });
  expect(await encode()).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /E_MODEL_FOLDER {2}.*out pooling expected cls or .*, got "weightedmean"\.\n {2}Hint: a plugin of kind pooling/,
    ),
  });
});
