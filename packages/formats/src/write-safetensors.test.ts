import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { failure } from "../test/failure.ts";
import { memoryFiles } from "../test/memory-files.ts";
import { bytesPerElement, dtypeNames } from "./dtype.ts";
import { openSafetensors } from "./safetensors-file.ts";
import { tensorsOf, writeSafetensors, type TensorToWrite } from "./write-safetensors.ts";

const root = new URL("../../../", import.meta.url).pathname;

const f32 = (name: string, ...values: number[]): TensorToWrite => ({
  name,
  dtype: "F32",
  shape: [values.length],
  data: new Float32Array(values),
});

test.each(["model.safetensors", "2_Dense/model.safetensors"])("a file from Python, read and written: the same bytes (%s)", async (name) => {
  const bytes = new Uint8Array(readFileSync(`${root}fixtures/golden/st/bert-dense-legacy/${name}`));
  const files = memoryFiles({ in: bytes });
  const { metadata, ...file } = await openSafetensors(files, "in");
  expect(await writeSafetensors(files, "out", tensorsOf({ metadata, ...file }).reverse(), { metadata })).toEqual(["out"]);
  expect(Buffer.compare(files.contents.get("out")!, bytes)).toBe(0);
});

test("anything that can be written reads back, with the data on eight bytes", async () => {
  const tensor = fc
    .record({
      name: fc.string({ minLength: 1, maxLength: 12 }),
      dtype: fc.constantFrom(...dtypeNames),
      shape: fc.array(fc.nat(4), { maxLength: 3 }),
    })
    .filter(({ name }) => name !== "__metadata__")
    .chain((info) => {
      const length = info.shape.reduce((a, b) => a * b, bytesPerElement(info.dtype));
      return fc.uint8Array({ minLength: length, maxLength: length }).map((data) => ({ ...info, data }));
    });
  const tensors = fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(tensors, fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }), async (given, metadata) => {
      const files = memoryFiles();
      await writeSafetensors(files, "m", given, { metadata });
      const file = await openSafetensors(files, "m");
      expect(new Set(file.names)).toEqual(new Set(given.map(({ name }) => name)));
      for (const { name, dtype, shape, data } of given) {
        expect(file.info(name)).toMatchObject({ dtype, shape });
        expect(file.info(name).offset % bytesPerElement(dtype)).toBe(0);
        const read = await file.read(name);
        expect(new Uint8Array(read.data.buffer, read.data.byteOffset, read.data.byteLength)).toEqual(data);
      }
    }),
    { seed: 7, numRuns: 300 },
  );
});

test("data may be a function, called in its turn, and a view into a larger buffer", async () => {
  const files = memoryFiles();
  const order: string[] = [];
  const lazy = (name: string, value: number): TensorToWrite => ({
    ...f32(name, value),
    data: async () => {
      order.push(name);
      return new Float32Array([9, value, 9]).subarray(1, 2);
    },
  });
  await writeSafetensors(files, "m", [lazy("b", 2), lazy("a", 1)]);
  const file = await openSafetensors(files, "m");
  expect([await file.readF32("a"), await file.readF32("b")]).toEqual([new Float32Array([1]), new Float32Array([2])]);
  expect(order).toEqual(["a", "b"]);
  expect(file.metadata).toEqual({ format: "pt" });
});

test("shards: as many as needed, with an index that reads back, and no single file that would hide them", async () => {
  const files = memoryFiles({ "d/model.safetensors": "old" });
  const tensors = [f32("a", 1, 2), f32("b", 3), f32("c", 4, 5, 6, 7), f32("d", 8)];
  const paths = await writeSafetensors(files, "d/model.safetensors", tensors, { maxShardBytes: 12 });
  const index = "d/model.safetensors.index.json";
  expect(paths).toEqual([1, 2, 3].map((n) => `d/model-0000${n}-of-00003.safetensors`).concat(index));
  expect([...files.contents.keys()].sort()).toEqual(paths.toSorted());
  expect(JSON.parse(await files.readText(index))).toEqual({
    metadata: { total_size: 32 },
    weight_map: Object.fromEntries([..."abcd"].map((name, i) => [name, `model-0000${[1, 1, 2, 3][i]}-of-00003.safetensors`])),
  });
  const file = await openSafetensors(files, index);
  expect(await file.readF32("c")).toEqual(new Float32Array([4, 5, 6, 7]));
  expect(await writeSafetensors(files, "d/one.safetensors", tensors, { maxShardBytes: 32 })).toEqual(["d/one.safetensors"]);
});

test.each([
  ["a name twice", [f32("a", 1), f32("a", 2)], "E_SAFETENSORS_DUPLICATE"],
  ["the format's own name", [f32("__metadata__", 1)], "E_SAFETENSORS_NAME"],
  ["data that does not fit", [{ ...f32("a", 1), shape: [2] }], "E_SAFETENSORS_SHAPE"],
])("%s: an error and no file", async (_what, tensors, code) => {
  const files = memoryFiles({ m: "before" });
  const error = await failure(writeSafetensors(files, "m", tensors));
  expect(error.code).toBe(code);
  expect(error.place).toContain("m ");
  expect([...files.contents.keys()]).toEqual(["m"]);
  expect(await files.readText("m")).toBe("before");
});

test("a full disk: an error, the old file, nothing else", async () => {
  const files = memoryFiles({ m: "before" });
  files.room = 100;
  expect((await failure(writeSafetensors(files, "m", [f32("a", ...Array<number>(100).fill(1))]))).code).toBe("E_FILE");
  expect([...files.contents.keys()]).toEqual(["m"]);
});
