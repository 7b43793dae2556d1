// Bad input: one sentence with the place, no stack, the right status, and nothing half-written.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { attune, folderWith, rows, tinyModel } from "../../test/cli.ts";

interface Case {
  readonly name: string;
  /** Prepares the folder; returns words that replace or follow the good ones. */
  prepare(folder: string): Record<string, string | true>;
  readonly code: string;
  readonly status: 1 | 2;
  /** In the sentence, with the folder cut off. */
  readonly says: string;
}

function modelCopy(folder: string): string {
  const model = join(folder, "model");
  cpSync(tinyModel, model, { recursive: true });
  return model;
}

function data(folder: string, text: string): Record<string, string> {
  const path = join(folder, "data.jsonl");
  writeFileSync(path, text);
  return { data: path };
}

const cases: readonly Case[] = [
  {
    name: "a missing file",
    prepare: (folder) => ({ data: join(folder, "none.jsonl") }),
    code: "E_NO_FILE",
    status: 1,
    says: "/none.jsonl does not exist",
  },
  { name: "an empty file", prepare: (folder) => data(folder, ""), code: "E_EMPTY", status: 1, says: "/data.jsonl has no rows" },
  {
    name: "invalid JSON",
    prepare: (folder) => data(folder, `${rows(2)}{"query": \n`),
    code: "E_ROW",
    status: 1,
    says: "/data.jsonl:3 expected valid JSON",
  },
  {
    name: "a row without a positive",
    prepare: (folder) => data(folder, `${rows(1)}{"query":"a","pos":[]}\n`),
    code: "E_ROW",
    status: 1,
    says: '/data.jsonl:2 "pos" expected',
  },
  {
    name: "text that is no string",
    prepare: (folder) => data(folder, `${rows(1)}{"query":42,"pos":["a"]}\n`),
    code: "E_ROW",
    status: 1,
    says: '/data.jsonl:2 "query"',
  },
  {
    name: "a loss that needs labels, and rows without",
    prepare: (folder) => ({ ...data(folder, rows(2)), loss: "cosent" }),
    code: "E_LOSS_INPUT",
    status: 1,
    says: '/data.jsonl:1 has neither "score" nor "label"',
  },
  {
    name: "the loss triplet, and a row without a negative",
    prepare: (folder) => ({ ...data(folder, `${rows(2)}{"query":"a","pos":["b"]}\n`), loss: "triplet" }),
    code: "E_LOSS_INPUT",
    status: 1,
    says: "/data.jsonl:3 has no negative",
  },
  {
    name: "the loss triplet, and no negatives asked for",
    prepare: () => ({ negatives: "0", loss: "triplet" }),
    code: "E_LOSS_INPUT",
    status: 1,
    says: "--negatives 0 leaves rows without a negative",
  },
  {
    name: "cut-offs of a retrieval that nothing measures",
    prepare: () => ({ "eval-k": "5" }),
    code: "E_OPTION",
    status: 2,
    says: "--eval-k is for retrieval",
  },
  {
    name: "a shuffle window for rows in memory",
    prepare: () => ({ "shuffle-window": "5" }),
    code: "E_OPTION",
    status: 2,
    says: "--shuffle-window is for --streaming",
  },
  {
    name: "a least gain that chooses nothing",
    prepare: () => ({ "min-delta": "0.1" }),
    code: "E_OPTION",
    status: 2,
    says: "min delta is for a metric that chooses a step",
  },
  {
    name: "a folder without weights",
    prepare: (folder) => ({ model: withoutWeights(folder) }),
    code: "E_MODEL_FOLDER",
    status: 1,
    says: "model.safetensors",
  },
  {
    name: "a folder that does not exist",
    prepare: (folder) => ({ model: join(folder, "none") }),
    code: "E_MODEL_FOLDER",
    status: 1,
    says: "/none does not exist",
  },
  {
    name: "truncated safetensors",
    prepare: (folder) => ({ model: truncated(folder) }),
    code: "E_SAFETENSORS_TRUNCATED",
    status: 1,
    says: "/model/model.safetensors",
  },
  {
    name: "shapes that do not fit the config",
    prepare: (folder) => ({ model: misshapen(folder) }),
    code: "E_WEIGHTS",
    status: 1,
    says: "expected",
  },
  {
    name: "an unknown loss",
    prepare: () => ({ loss: "infonec" }),
    code: "E_UNKNOWN_PLUGIN",
    status: 2,
    says: 'loss "infonec" is not registered',
  },
  {
    name: "an unknown option",
    prepare: () => ({ los: "infonce" }),
    code: "E_OPTION",
    status: 2,
    says: "--los infonce: no such option. Did you mean --loss?",
  },
  {
    name: "an output below a file",
    prepare: (folder) => ({ output: join(data(folder, rows(4)).data, "out") }),
    code: "E_OUTPUT",
    status: 1,
    says: "cannot be made",
  },
  {
    name: "an output that is a file",
    prepare: (folder) => ({ output: data(folder, rows(4)).data }),
    code: "E_OUTPUT",
    status: 1,
    says: "is a file, not a folder",
  },
  {
    name: "a folder that is in use",
    prepare: (folder) => ({ output: used(folder, "notes.txt") }),
    code: "E_OUTPUT",
    status: 1,
    says: "/used exists and is not empty",
  },
  {
    name: "a folder that attune did not make",
    prepare: (folder) => ({ output: used(folder, "notes.txt"), overwrite: true }),
    code: "E_OUTPUT",
    status: 1,
    says: "was not made by attune",
  },
  { name: "a resume of nothing", prepare: () => ({ resume: true }), code: "E_RESUME", status: 1, says: "holds no training to resume" },
  {
    name: "resume and overwrite",
    prepare: () => ({ resume: true, overwrite: true }),
    code: "E_OPTION",
    status: 2,
    says: "cannot both be given",
  },
  {
    name: "a number that is none",
    prepare: () => ({ "batch-size": "many" }),
    code: "E_OPTION",
    status: 2,
    says: "--batch-size expected a whole number",
  },
  {
    name: "an option of the loss out of range",
    prepare: () => ({ temperature: "0" }),
    code: "E_OPTION",
    status: 2,
    says: "--temperature expected number to be >0: got 0",
  },
  {
    name: "a precision that the device lacks",
    prepare: () => ({ precision: "fp16" }),
    code: "E_PRECISION",
    status: 2,
    says: "has no fp16 kernels",
  },
  {
    name: "more tokens than positions",
    prepare: () => ({ "max-length": "999" }),
    code: "E_TOO_LONG",
    status: 1,
    says: "--max-length expected at most 40",
  },
  {
    name: "an evaluation of nothing",
    prepare: () => ({ "eval-steps": "2" }),
    code: "E_OPTION",
    status: 2,
    says: "--eval-steps has nothing to evaluate on",
  },
  {
    name: "an unknown device",
    prepare: () => ({ device: "gpu" }),
    code: "E_UNKNOWN_PLUGIN",
    status: 2,
    says: 'backend "gpu" is not registered',
  },
  {
    name: "a plugin that is not there",
    prepare: () => ({ plugin: "./none.ts" }),
    code: "E_PLUGIN",
    status: 1,
    says: "--plugin ./none.ts cannot be loaded",
  },
  {
    name: "a config file that is not there",
    prepare: (folder) => ({ config: join(folder, "none.json") }),
    code: "E_NO_FILE",
    status: 1,
    says: "/none.json does not exist",
  },
  {
    name: "a config file that is not JSON",
    prepare: (folder) => ({ config: written(folder, "c.json", "{") }),
    code: "E_CONFIG_FILE",
    status: 1,
    says: "/c.json is not JSON",
  },
  {
    name: "a config file with an unknown key",
    prepare: (folder) => ({ config: written(folder, "c.yaml", "epoch: 2\n") }),
    code: "E_OPTION",
    status: 2,
    says: '/c.yaml "epoch" is no option',
  },
];

test.each(cases)("$name: $code", async ({ prepare, code, status, says }) => {
  const folder = folderWith({ "rows.jsonl": rows(8) });
  const options: Record<string, string | true> = {
    model: tinyModel,
    data: join(folder, "rows.jsonl"),
    output: join(folder, "out"),
    device: "typescript",
    ...prepare(folder),
  };
  const before = readdirSync(folder, { recursive: true });
  const outcome = await attune([
    "train",
    ...Object.entries(options).flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, value])),
    "--json",
  ]);
  const told = /^error .*/ms.exec(outcome.stderr)?.[0] ?? "";
  expect({ ...outcome, code: /^error (\w+) {2}\S/.exec(told)?.[1] }).toMatchObject({ status, stdout: "", code });
  expect(told.replaceAll(folder, "")).toContain(says);
  expect(told).not.toMatch(/\n\s+at /);
  expect(told.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
  expect(readdirSync(folder, { recursive: true })).toEqual(before);
});

test("bad rows can be left out, and are counted", async () => {
  const folder = folderWith({ "rows.jsonl": `${rows(8)}{"query":"a","pos":[]}\nnothing\n` });
  const { status, stderr } = await attune([
    "train",
    "--model",
    tinyModel,
    "--data",
    join(folder, "rows.jsonl"),
    "--output",
    join(folder, "out"),
    "--device",
    "typescript",
    "--max-steps",
    "1",
    "--skip-bad-rows",
  ]);
  expect(status).toBe(0);
  expect(stderr).toContain("10 rows (query, pos, neg): 8 used, 2 bad left out");
  expect(existsSync(join(folder, "out", "model.safetensors"))).toBe(true);
});

test("an unknown command", async () => {
  expect(await attune(["trian"])).toEqual({
    status: 2,
    stdout: "",
    stderr: expect.stringContaining("error E_COMMAND  trian: no such command. Did you mean train?\n"),
  });
  expect(await attune(["--model", "x"])).toMatchObject({ status: 2, stderr: expect.stringContaining("the command comes first") });
});

function withoutWeights(folder: string): string {
  const model = join(folder, "model");
  mkdirSync(model);
  for (const name of ["config.json", "tokenizer.json", "tokenizer_config.json"]) cpSync(join(tinyModel, name), join(model, name));
  return model;
}

function truncated(folder: string): string {
  const model = modelCopy(folder);
  truncateSync(join(model, "model.safetensors"), 100_000);
  return model;
}

function misshapen(folder: string): string {
  const model = modelCopy(folder);
  const config = join(model, "config.json");
  writeFileSync(config, readFileSync(config, "utf8").replace('"intermediate_size": 64', '"intermediate_size": 128'));
  return model;
}

function used(folder: string, name: string): string {
  mkdirSync(join(folder, "used"));
  writeFileSync(join(folder, "used", name), "mine");
  return join(folder, "used");
}

function written(folder: string, name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
