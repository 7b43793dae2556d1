import { basename, dirname } from "node:path";
import { expect, test } from "vitest";
import { modelName } from "./model-name.ts";

test.each([
  ["models/tuned", "tuned"],
  ["models/tuned/", "tuned"],
  ["org/name@main", "name@main"],
  [".", basename(process.cwd())],
  ["./", basename(process.cwd())],
  ["..", basename(dirname(process.cwd()))],
])("%s is called %s", (model, name) => expect(modelName(model)).toBe(name));
