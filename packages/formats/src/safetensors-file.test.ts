import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { failure } from "../test/failure.ts";
import { f32, fileWith, tensor } from "../test/file-with.ts";
import { memoryFiles } from "../test/memory-files.ts";
import { openSafetensors } from "./safetensors-file.ts";

const root = new URL("../../../", import.meta.url).pathname;
const golden = `${root}fixtures/golden/st/bert-dense-legacy/model.safetensors`;

const open = (file: Uint8Array) => openSafetensors(memoryFiles({ "m.safetensors": file }), "m.safetensors");

describe("values", () => {
  test("names, shapes and numbers of a file from Python", async () => {
    const file = await open(new Uint8Array(readFileSync(golden)));
    expect(file.names).toHaveLength(39);
    expect(file.metadata).toEqual({ format: "pt" });
    const name = "embeddings.word_embeddings.weight";
    expect(file.info(name)).toMatchObject({ dtype: "F32", shape: [500, 32], bytes: 64000 });
    const values = await file.readF32(name);
    expect(values).toHaveLength(16000);
    expect((await file.read(name)).data).toEqual(values);
    const bytes = readFileSync(golden);
    expect(values[7]).toBe(bytes.readFloatLE(file.info(name).offset + 28));
  });

  test("16-bit floats and F64 become f32", async () => {
    const half = new Uint16Array([0x3c00, 0xc000, 0x0001, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x7bff, 0x03ff]);
    const bfloat = new Uint16Array([0x3f80, 0xc000, 0x0001, 0x7f80, 0x7fc0]);
    const double = new Float64Array([0.1, -1e300, 3]);
    const data = new Uint8Array(24 + 18 + 10);
    for (const [array, at] of [[double, 0] as const, [half, 24] as const, [bfloat, 42] as const])
      data.set(new Uint8Array(array.buffer), at);
    const header = { d: tensor("F64", [3], [0, 24]), h: tensor("F16", [9], [24, 42]), b: tensor("BF16", [5], [42, 52]) };
    const file = await open(fileWith(header, data));
    expect([...(await file.readF32("d"))]).toEqual([Math.fround(0.1), -Infinity, 3]);
    expect([...(await file.readF32("h"))]).toEqual([1, -2, 2 ** -24, -0, Infinity, -Infinity, NaN, 65504, 1023 * 2 ** -24]);
    expect([...(await file.readF32("b"))]).toEqual([1, -2, 2 ** -133, Infinity, NaN]);
    expect((await file.read("h")).data).toEqual(half);
  });

  test("integers and booleans are read as stored, not as f32", async () => {
    const header = {
      i: tensor("I64", [1], [0, 8]),
      j: tensor("I32", [1], [8, 12]),
      b: tensor("BOOL", [2], [12, 14]),
      z: tensor("U8", [0], [14, 14]),
    };
    const file = await open(fileWith(header, new Uint8Array([5, 0, 0, 0, 0, 0, 0, 128, 255, 255, 255, 255, 1, 0])));
    expect((await file.read("i")).data).toEqual(new BigInt64Array([5n - 2n ** 63n]));
    expect((await file.read("j")).data).toEqual(new Int32Array([-1]));
    expect((await file.read("b")).data).toEqual(new Uint8Array([1, 0]));
    expect((await file.read("z")).data).toHaveLength(0);
    expect(await failure(file.readF32("i"))).toMatchObject({ code: "E_SAFETENSORS_DTYPE", place: 'm.safetensors "i"', got: "I64" });
  });

  test("conversion goes piece by piece", async () => {
    const count = 600_001;
    const bits = Uint16Array.from({ length: count }, (_, i) => i & 0x3fff);
    const files = memoryFiles({ m: fileWith({ h: tensor("F16", [count], [0, 2 * count]) }, new Uint8Array(bits.buffer)) });
    const values = await (await openSafetensors(files, "m")).readF32("h");
    expect(values[16_384 * 33 + 0x3c00]).toBe(1);
    expect(files.largestRead).toBeLessThanOrEqual(1 << 19);
  });

  test("a tensor that is not there, with the nearest name", async () => {
    const file = await open(fileWith({ weight: f32(0, 4) }, 4));
    expect(await failure(file.read("wieght"))).toMatchObject({ code: "E_SAFETENSORS_NAME", hint: 'did you mean "weight"?' });
  });

  test("a file that became shorter after it was opened", async () => {
    const files = memoryFiles({ m: fileWith({ a: f32(0, 8) }, 8) });
    const file = await openSafetensors(files, "m");
    files.contents.set("m", files.contents.get("m")!.slice(0, -4));
    expect((await failure(file.read("a"))).code).toBe("E_SAFETENSORS_TRUNCATED");
  });
});

describe("damaged files: the error names file and tensor", () => {
  const text = (header: string, data = 0) => fileWith(header, data);
  const cases: [what: string, file: Uint8Array, code: string, sentence: RegExp][] = [
    ["empty", new Uint8Array(), "TRUNCATED", /^m\.safetensors ends too early: expected at least 8 bytes, got 0$/],
    ["no header", new Uint8Array([9, 0, 0, 0, 0, 0, 0, 0]), "TRUNCATED", /a header of 9 bytes, got 0 bytes/],
    ["huge header", new Uint8Array(16).fill(255), "HEADER", /larger than the format allows/],
    ["Git LFS", new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n"), "HEADER", /Git LFS pointer/],
    ["not JSON", text("{x}"), "HEADER", /not JSON/],
    ["not UTF-8", new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 255]), "HEADER", /not JSON/],
    ["an array", text("[]"), "HEADER", /not a JSON object/],
    ["metadata of numbers", text('{"__metadata__":{"a":1}}'), "HEADER", /metadata/],
    ["a number for a tensor", text('{"a":1}'), "HEADER", /"a" is not described by an object/],
    ["one name twice", text('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":1}', 4), "DUPLICATE", /names "a" twice/],
    [
      "one field twice",
      text('{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}', 4),
      "DUPLICATE",
      /names "dtype" twice/,
    ],
    ["unknown dtype", fileWith({ a: tensor("F99", [1], [0, 4]) }, 4), "DTYPE", /"a" has an unknown dtype.*got "F99"/],
    ["inherited dtype", fileWith({ a: tensor("toString", [1], [0, 4]) }, 4), "DTYPE", /unknown dtype/],
    ["negative size", fileWith({ a: tensor("F32", [-1], [0, 4]) }, 4), "SHAPE", /"a" expected a shape of whole numbers.*\[-1\]/],
    ["fraction", fileWith({ a: tensor("F32", [1.5], [0, 6]) }, 6), "SHAPE", /1\.5/],
    ["huge sizes", fileWith({ a: tensor("F32", [2 ** 40, 2 ** 40], [0, 4]) }, 4), "SHAPE", /expected .* bytes for F32 \[/],
    [
      "sizes that overflow",
      fileWith({
        a: tensor(
          "F32",
          Array(60)
            .fill(2 ** 50)
            .concat(0),
          [0, 0],
        ),
      }),
      "SHAPE",
      /"a"/,
    ],
    ["no shape", fileWith({ a: { dtype: "F32", data_offsets: [0, 4] } }, 4), "SHAPE", /got undefined/],
    ["shape and bytes disagree", fileWith({ a: tensor("F32", [3], [0, 8]) }, 8), "SHAPE", /expected 12 bytes for F32 \[3\], got 8/],
    ["reversed offsets", fileWith({ a: tensor("F32", [1], [4, 0]) }, 4), "OFFSETS", /"a" expected data_offsets/],
    ["negative offset", fileWith({ a: tensor("F32", [1], [-4, 0]) }, 4), "OFFSETS", /"a" expected data_offsets/],
    ["three offsets", fileWith({ a: tensor("F32", [1], [0, 4, 8]) }, 4), "OFFSETS", /"a" expected data_offsets/],
    ["overlap", fileWith({ a: f32(0, 8), b: f32(4, 12) }, 12), "OFFSETS", /"b" overlaps "a": expected offset 8, got 4/],
    ["the same bytes twice", fileWith({ a: f32(0, 8), b: f32(0, 8) }, 8), "OFFSETS", /"b" overlaps "a"/],
    ["gap", fileWith({ a: f32(0, 4), b: f32(8, 12) }, 12), "OFFSETS", /"b" leaves a gap after "a": expected offset 4, got 8/],
    ["gap at the start", fileWith({ a: f32(4, 8) }, 8), "OFFSETS", /"a" leaves a gap after the header/],
    ["left-over bytes", fileWith({ a: f32(0, 4) }, 9), "OFFSETS", /holds 5 bytes behind the last tensor/],
    ["cut off", fileWith({ a: f32(0, 4), b: f32(4, 12) }, 10), "TRUNCATED", /"b" ends too early: expected 8 bytes of data, got 6/],
    ["far outside", fileWith({ a: tensor("U8", [2 ** 52], [0, 2 ** 52]) }, 4), "TRUNCATED", /"a" ends too early/],
  ];
  test.each(cases)("%s", async (_what, file, code, sentence) => {
    const error = await failure(open(file));
    expect(error.code).toBe(`E_SAFETENSORS_${code}`);
    expect(error.sentence).toMatch(sentence);
    expect(error.sentence).toMatch(/^m\.safetensors/);
  });

  test("every cut of a real file is an error", async () => {
    const whole = new Uint8Array(readFileSync(golden));
    for (let length = 0; length < whole.length; length += 997) {
      expect((await failure(open(whole.slice(0, length)))).code).toMatch(/^E_SAFETENSORS_TRUNCATED$/);
    }
  });

  test("names that mean something to JavaScript are names", async () => {
    const file = await open(
      fileWith('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"0":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}', 2),
    );
    expect(file.names).toEqual(["__proto__", "0"]);
    expect((await failure(file.read("toString"))).code).toBe("E_SAFETENSORS_NAME");
  });
});

const openIndex = (start: Record<string, Uint8Array | string>) => openSafetensors(memoryFiles(start), "s/m.safetensors.index.json");

describe("shards", () => {
  const shards = { "s/m-1.safetensors": fileWith({ a: f32(0, 4) }, 4), "s/m-2.safetensors": fileWith({ b: f32(0, 8) }, 8) };
  const index = (map: unknown) => ({ ...shards, "s/m.safetensors.index.json": JSON.stringify({ weight_map: map }) });

  test("an index and its shards are one file", async () => {
    const file = await openIndex(index({ a: "m-1.safetensors", b: "m-2.safetensors" }));
    expect(file.names).toEqual(["a", "b"]);
    expect(await file.readF32("b")).toHaveLength(2);
    expect(file.paths).toEqual(Object.keys(shards));
  });

  test("a list of paths", async () => {
    const file = await openSafetensors(memoryFiles(shards), Object.keys(shards));
    expect(file.names).toEqual(["a", "b"]);
    const twice = [...Object.keys(shards), "s/m-1.safetensors"];
    expect(await failure(openSafetensors(memoryFiles(shards), twice))).toMatchObject({ code: "E_SAFETENSORS_DUPLICATE" });
  });

  test.each([
    ["no map", index(undefined), "E_SAFETENSORS_INDEX", /no "weight_map"/],
    ["not JSON", { "s/m.safetensors.index.json": "{" }, "E_SAFETENSORS_INDEX", /is not JSON/],
    ["a path outside", index({ a: "../x.safetensors" }), "E_SAFETENSORS_INDEX", /"a" is said to be in "\.\.\/x/],
    ["a number", index({ a: 3 }), "E_SAFETENSORS_INDEX", /"a" is said to be in 3/],
    ["another shard", index({ a: "m-2.safetensors", b: "m-2.safetensors" }), "E_SAFETENSORS_INDEX", /"a" is not in m-2/],
    ["a missing shard", index({ a: "m-3.safetensors" }), "E_NO_FILE", /m-3/],
  ])("%s", async (_what, start, code, sentence) => {
    const error = await failure(openIndex(start));
    expect(error.code).toBe(code);
    expect(error.sentence).toMatch(sentence);
  });
});

test("all golden files of the shared folder open", async (context) => {
  const folder = `${root}../shared/golden/models/`;
  if (!existsSync(folder)) context.skip("../shared is not here");
  for (const family of ["bert", "deberta-v2", "qwen3"]) {
    const file = await open(new Uint8Array(readFileSync(`${folder}${family}/model.safetensors`)));
    for (const name of file.names) expect((await file.readF32(name)).every(Number.isFinite)).toBe(true);
  }
});
