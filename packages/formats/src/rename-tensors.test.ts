import type { AttuneError } from "@attune/core";
import { expect, test } from "vitest";
import { failure } from "../test/failure.ts";
import { memoryFiles } from "../test/memory-files.ts";
import { checkTensors, renameTensors, stripPrefix } from "./rename-tensors.ts";
import { openSafetensors } from "./safetensors-file.ts";
import type { SafetensorsFile } from "./weights-file.ts";
import { writeSafetensors } from "./write-safetensors.ts";

async function fileOf(shapes: Record<string, number[]>): Promise<SafetensorsFile> {
  const files = memoryFiles();
  const tensors = Object.entries(shapes).map(([name, shape], i) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(i);
    return { name, dtype: "F32" as const, shape, data };
  });
  await writeSafetensors(files, "m", tensors);
  return openSafetensors(files, "m");
}

/** The AttuneError that `work` throws. */
const thrown = (work: () => unknown): Promise<AttuneError> => failure((async () => work())());

test("a prefix is taken off where it is", async () => {
  const file = stripPrefix(await fileOf({ "bert.a": [2], "bert.b": [1], classifier: [3] }), "bert.");
  expect(file.names).toEqual(["a", "b", "classifier"]);
  expect(file.info("a").shape).toEqual([2]);
  expect(await file.readF32("b")).toEqual(new Float32Array([1]));
  expect((await file.read("classifier")).data).toHaveLength(3);
  expect((await failure(file.readF32("bert.a"))).code).toBe("E_SAFETENSORS_NAME");
});

test("two names for one tensor", async () => {
  const file = await fileOf({ "bert.a": [1], a: [1] });
  expect(await thrown(() => stripPrefix(file, "bert."))).toMatchObject({ code: "E_WEIGHTS" });
});

test("old names become new ones", async () => {
  const file = renameTensors(await fileOf({ "norm.gamma": [2], "norm.beta": [1] }), (name) =>
    name.replace(/gamma$/, "weight").replace(/beta$/, "bias"),
  );
  expect(file.names.toSorted()).toEqual(["norm.bias", "norm.weight"]);
  expect(file.info("norm.weight").shape).toEqual([2]);
});

test("expected tensors: all there", async () => {
  const file = await fileOf({ a: [2, 3], pooler: [1] });
  const expected = new Map([["a", [2, 3]]]);
  expect(() => checkTensors(file, expected, (name) => name === "pooler")).not.toThrow();
  expect((await thrown(() => checkTensors(file, expected))).sentence).toBe(
    'm holds the tensor "pooler", which this architecture does not have',
  );
});

test("missing, misshapen and left-over tensors are named", async () => {
  const file = await fileOf({ a: [2, 3], x: [1] });
  const missing = await thrown(() =>
    checkTensors(file, new Map([["b", [1]]].concat([..."cdef"].map((name) => [name, [1]])) as [string, number[]][])),
  );
  expect(missing).toMatchObject({ code: "E_WEIGHTS", sentence: 'm lacks 5 tensors: "b", "c", "d" and 2 more' });
  const shape = await thrown(() => checkTensors(file, new Map([["a", [3, 2]]])));
  expect(shape).toMatchObject({ code: "E_WEIGHTS", place: 'm "a"', expected: "[3, 2] as config.json says", got: "[2, 3]" });
  expect((await thrown(() => checkTensors(file, new Map([["a", [6]]])))).got).toBe("[2, 3]");
  const near = await thrown(() => checkTensors(file, new Map([["layer.weight", [1]]])));
  expect(near.hint).toContain("config.json");
});
