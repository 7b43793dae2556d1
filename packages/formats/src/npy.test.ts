import { expect, test } from "vitest";
import { failure } from "../test/failure.ts";
import { memoryFiles } from "../test/memory-files.ts";
import { writeNpy } from "./npy.ts";

/** What numpy.save writes before the data of an array of this shape: 128 bytes. */
function numpyHeader(shape: string): Uint8Array {
  const literal = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
  return new Uint8Array([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, 118, 0, ...new TextEncoder().encode(`${literal}\n`)]);
}

test.each([
  { shape: [2, 3], tuple: "(2, 3)" },
  { shape: [6], tuple: "(6,)" },
  { shape: [0, 3], tuple: "(0, 3)" },
])("header and data are NumPy's for $tuple", async ({ shape, tuple }) => {
  const files = memoryFiles();
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i - 1.5);
  await writeNpy(files, "a.npy", { shape, data });
  const bytes = files.contents.get("a.npy")!;
  expect(bytes.subarray(0, 128)).toEqual(numpyHeader(tuple));
  expect(new Float32Array(bytes.slice(128).buffer)).toEqual(data);
  expect([...files.contents.keys()]).toEqual(["a.npy"]);
});

test("a shape that does not fit the data is refused before anything is written", async () => {
  const files = memoryFiles();
  expect(await failure(writeNpy(files, "a.npy", { shape: [2, 2], data: new Float32Array(3) }))).toMatchObject({ code: "E_SHAPE" });
  expect(files.contents.size).toBe(0);
});
