// Configuration files under arbitrary bytes: parsed, and held against the schema of a training.

import { expect, test } from "vitest";
import { readConfigFile } from "../../packages/attune/src/cli/config-file.ts";
import { trainSettings } from "../../packages/attune/src/settings/train-settings.ts";
import { parseOptions } from "../../packages/core/src/index.ts";
import { fuzz, json, seed } from "./harness.ts";

const settings = {
  model: "m",
  data: "d",
  output: "o",
  loss: ["infonce", { temperature: 0.05 }],
  batchSize: 4,
  columns: { anchor: "q" },
  trackers: ["tensorboard"],
};
const yaml = `model: m\ndata: d\noutput: o\nloss: [infonce, {temperature: 0.05}]\nbatchSize: 4\ncolumns:\n  anchor: q\ntrackers:\n  - tensorboard\nseed: &a 1\nepochs: *a\n`;

test.each([
  [
    "JSON",
    "config.json",
    [JSON.stringify(settings), JSON.stringify({ ...settings, record: { versions: {} } })],
    [...json, '"record":', '"loss":', '"batchSize":-1'],
  ],
  [
    "YAML",
    "config.yaml",
    [yaml],
    [
      "&a",
      "*a",
      "<<: *a\n",
      "? ",
      "- ",
      ": ",
      "!!binary ",
      "!!js/function ",
      "|\n  ",
      ">-\n",
      "---\n",
      "...\n",
      "%YAML 1.1\n",
      "\t",
      "[*a,*a]",
      "0x",
      ".nan",
      ...json,
    ],
  ],
] as const)(`configurations in %s (seed ${seed})`, async (_, file, bases, dictionary) => {
  const read: Parameters<typeof fuzz>[0]["read"] = async (files) => {
    const { settings } = await readConfigFile(files, file);
    parseOptions(trainSettings, settings, file);
  };
  const outcomes = await fuzz({ file, bases, dictionary, read, share: 0.5 });
  expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(["read", "E_CONFIG_FILE", "E_OPTION"]));
});
