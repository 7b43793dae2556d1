import { float16Values, normalizeRows, toFloat16 } from "@attune/search";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { createNodeFiles } from "@attune/files-node";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../test/support.ts";
import { openNpy } from "./npy-vectors.ts";
import { memoryVectors, runsOf, unitVectors } from "./vectors.ts";

const files = createNodeFiles();

/** A .npy file as numpy writes it. */
function npy(literal: string, data: ArrayBufferView, version = 1): Uint8Array {
  const prefix = version === 1 ? 10 : 12;
  const header = `${literal}${" ".repeat((63 - ((prefix + literal.length) % 64) + 64) % 64)}\n`;
  const bytes = new Uint8Array(prefix + header.length + data.byteLength);
  const view = new DataView(bytes.buffer);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  if (version === 1) view.setUint16(8, header.length, true);
  else view.setUint32(8, header.length, true);
  bytes.set(new TextEncoder().encode(header), prefix);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), prefix + header.length);
  return bytes;
}
const literal = (descr: string, shape: string, fortran = "False"): string =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

const numbers = Float32Array.from({ length: 12 }, (_, i) => (i - 5) / 4);

describe(".npy", () => {
  test.each([
    ["<f4", numbers, 1],
    ["<f4", numbers, 2],
    ["<f2", toFloat16(numbers), 1],
    ["|i1", Int8Array.from(numbers, (value) => value * 4), 1],
  ])("%s, version %#", async (descr, data, version) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "v.npy");
    writeFileSync(path, npy(literal(descr, "(4, 3)"), data, version));
    const source = await openNpy(files, path);
    const scale = descr === "|i1" ? 4 : 1;
    expect([source.rows, source.dimension]).toEqual([4, 3]);
    expect(await source.read(0, 4)).toEqual(numbers.map((value) => value * scale));
    expect(await source.read(1, 2)).toEqual(numbers.subarray(3, 9).map((value) => value * scale));
    expect(await source.read(3, 5)).toEqual(numbers.subarray(9).map((value) => value * scale));
  });

  test.each([
    ["other elements", npy(literal("<f8", "(2, 1)"), new Float64Array(2)), "got <f8"],
    ["one axis", npy(literal("<f4", "(4,)"), new Float32Array(4)), "got [4]"],
    ["column order", npy(literal("<f4", "(2, 2)", "True"), new Float32Array(4)), "got column order"],
    ["cut short", npy(literal("<f4", "(4, 3)"), new Float32Array(11)), "expected 176 bytes for 4 x 3, got 172"],
    ["no .npy", new TextEncoder().encode("query\tdocument\tscore\n"), "expected a .npy file"],
    ["empty", new Uint8Array(), "expected a .npy file"],
  ])("%s is a sentence", async (_, bytes, said) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "v.npy");
    writeFileSync(path, bytes);
    await expect(openNpy(files, path)).rejects.toMatchObject({ code: "E_NPY", place: path, message: expect.stringContaining(said) });
  });
});

describe("half precision", () => {
  test("every value comes back from its bits", () => {
    const values = float16Values();
    const bits = toFloat16(values);
    expect(Array.from(bits.keys()).filter((i) => bits[i] !== i && !Number.isNaN(values[i]))).toEqual([]);
  });

  test("the nearest, ties to even, beyond the largest infinity", () => {
    const values = float16Values();
    const nearest = (value: number): number => values[toFloat16(Float32Array.of(value))[0]];
    expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -20].map(nearest)).toEqual([1, 1 + 2 ** -9, 1 + 2 ** -10]);
    expect([2 ** -25, 1.5 * 2 ** -25, 3 * 2 ** -25].map(nearest)).toEqual([0, 2 ** -24, 2 ** -23]);
    expect([65504, 65519, 65520, -1e9].map(nearest)).toEqual([65504, 65504, Infinity, -Infinity]);
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -60000, max: 60000 }), (value) => {
        expect(Math.abs(nearest(value) - value)).toBeLessThanOrEqual(Math.max(2 ** -25, Math.abs(value) * 2 ** -11));
      }),
    );
  });
});

test("some rows, in any order, near and far, repeated: from memory and from a file, near ones in one call", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "v.npy");
  const values = Float32Array.from({ length: 1000 }, (_, i) => i);
  writeFileSync(path, npy(literal("<f2", "(500, 2)"), toFloat16(values)));
  const wanted = [400, 3, 5, 3, 499, 0];
  for (const source of [memoryVectors(values, 2), await openNpy(files, path)]) {
    expect(await source.gather(wanted)).toEqual(Float32Array.from(wanted.flatMap((row) => [2 * row, 2 * row + 1])));
    expect(await source.gather([])).toEqual(new Float32Array());
  }
  expect([...runsOf(wanted)].map(({ first, count, members }) => [first, count, ...members])).toEqual([
    [0, 6, 5, 1, 3, 2],
    [400, 1, 0],
    [499, 1, 4],
  ]);
});

test("NaN and infinite numbers are named by file and row", async () => {
  using folder = temporaryFolder();
  for (const [row, value] of [
    [2, Number.NaN],
    [4, Number.POSITIVE_INFINITY],
  ]) {
    const path = join(folder.path, `${row}.npy`);
    const values = Float32Array.from({ length: 10 }, (_, i) => (i === 2 * row + 1 ? value : i));
    for (const bytes of [npy(literal("<f2", "(5, 2)"), toFloat16(values)), npy(literal("<f4", "(5, 2)"), values)]) {
      writeFileSync(path, bytes);
      const source = await openNpy(files, path);
      const said = { code: "E_NON_FINITE", message: expect.stringContaining(`${path} has ${value} in row ${row}, counted from 0`) };
      await expect(source.read(1, 4)).rejects.toMatchObject(said);
      await expect(source.gather([0, row, 1])).rejects.toMatchObject(said);
      expect(await source.read(0, 2)).toEqual(Float32Array.of(0, 1, 2, 3));
    }
  }
});

test("unit vectors; zeros stay, the source too", async () => {
  const values = Float32Array.of(3, 4, 0, 0, -2, 0);
  const source = memoryVectors(values, 2);
  expect(await unitVectors(source).read(0, 3)).toEqual(Float32Array.of(0.6, 0.8, 0, 0, -1, 0));
  expect(await unitVectors(source).gather([2, 0])).toEqual(Float32Array.of(-1, 0, 0.6, 0.8));
  expect(await source.read(0, 3)).toEqual(values);
  expect(normalizeRows(Float32Array.of(1e-30, 1e-30), 2)[0]).toBeCloseTo(Math.SQRT1_2, 6);
  expect(() => memoryVectors(values, 4)).toThrow(expect.objectContaining({ code: "E_VECTORS" }));
});
