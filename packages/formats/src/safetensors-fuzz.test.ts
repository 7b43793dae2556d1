import * as fc from "fast-check";
import { AttuneError } from "@attune/core";
import { expect, test } from "vitest";
import { f32, fileWith, tensor } from "../test/file-with.ts";
import { memoryFiles } from "../test/memory-files.ts";
import { outcomesOf } from "../test/outcomes.ts";
import { openSafetensors } from "./safetensors-file.ts";

const seed = 20250611;

/** Opens and reads everything: "read" or the code of the AttuneError. Any other error, and any read larger than the file, is a failure. */
async function outcome(file: Uint8Array): Promise<string> {
  const files = memoryFiles({ m: file });
  let result = "read";
  try {
    const opened = await openSafetensors(files, "m");
    for (const name of opened.names) {
      const { data } = await opened.read(name);
      if (data.byteLength !== opened.info(name).bytes) throw new Error(`${data.byteLength} bytes of ${name}`);
    }
  } catch (error) {
    if (!(error instanceof AttuneError)) throw error;
    result = error.code.replace("E_SAFETENSORS_", "");
  }
  if (files.largestRead > Math.max(8, file.length)) throw new Error(`a read of ${files.largestRead} bytes`);
  return result;
}

const outcomes = (arbitrary: fc.Arbitrary<Uint8Array>, numRuns: number): Promise<string[]> =>
  outcomesOf(arbitrary, { outcome, numRuns, seed });

test(`bytes (seed ${seed})`, async () => {
  const short = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => fileWith(new TextDecoder("latin1").decode(bytes)));
  expect(await outcomes(fc.oneof(fc.uint8Array({ maxLength: 200 }), short), 1500)).toEqual(["HEADER", "TRUNCATED"]);
});

test(`a header of any JSON (seed ${seed})`, async () => {
  const size = fc.oneof({ arbitrary: fc.nat(4), weight: 9 }, fc.constantFrom(-1, 0.5, 2 ** 53, 1e300, "4", null));
  const range = fc.oneof(
    { arbitrary: fc.tuple(fc.constant(0), fc.nat(4)), weight: 5 },
    fc.tuple(size, size),
    fc.array(size, { maxLength: 3 }),
  );
  const entry = fc.record(
    {
      dtype: fc.oneof({ arbitrary: fc.constantFrom("F32", "F16", "U8", "I64", "BOOL"), weight: 9 }, fc.jsonValue()),
      shape: fc.oneof({ arbitrary: fc.array(size, { maxLength: 2 }), weight: 9 }, fc.jsonValue()),
      data_offsets: range,
    },
    { requiredKeys: ["dtype"] },
  );
  const entries = fc.dictionary(
    fc.oneof(fc.string(), fc.constant("__metadata__")),
    fc.oneof({ arbitrary: entry, weight: 9 }, fc.jsonValue()),
    {
      maxKeys: 3,
    },
  );
  const header = fc.oneof({ arbitrary: entries, weight: 9 }, fc.jsonValue());
  const file = fc.tuple(header, fc.nat(4)).map(([json, data]) => fileWith(JSON.stringify(json), data));
  expect(await outcomes(file, 2500)).toEqual(["DTYPE", "HEADER", "OFFSETS", "SHAPE", "TRUNCATED", "read"]);
});

test(`a valid file with some bytes changed or cut (seed ${seed})`, async () => {
  const header = { __metadata__: { format: "pt" }, a: f32(0, 16), b: tensor("F16", [2, 2], [16, 24]), c: tensor("BOOL", [3], [24, 27]) };
  const valid = fileWith(header, 27);
  expect(await outcome(valid)).toBe("read");
  const change = fc.tuple(fc.nat(valid.length - 1), fc.oneof(fc.integer({ min: 32, max: 126 }), fc.nat(255)));
  const length = fc.oneof({ arbitrary: fc.constant(valid.length), weight: 4 }, fc.nat(valid.length));
  const file = fc.tuple(fc.array(change, { maxLength: 3 }), length).map(([changes, kept]) => {
    const bytes = valid.slice();
    for (const [at, byte] of changes) bytes[at] = byte;
    return bytes.slice(0, kept);
  });
  expect(await outcomes(file, 3000)).toEqual(["DTYPE", "HEADER", "OFFSETS", "SHAPE", "TRUNCATED", "read"]);
});
