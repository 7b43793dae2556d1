import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { AttuneError } from "@attune/core";
import { expect, test } from "vitest";
import { root } from "../test/golden-disk.ts";
import { memoryFiles } from "../test/memory-files.ts";
import { outcomesOf } from "../test/outcomes.ts";
import { bytesOf, checkpoint, little, pickle, stateDict, storage, tensor } from "../test/pickle-writer.ts";
import { openPickledWeights } from "./pickled-weights.ts";
import { opcodes, refusedOpcodes } from "./pickle-opcodes.ts";

const seed = 20250611;
const golden = (name: string): Uint8Array => new Uint8Array(readFileSync(`${root}fixtures/golden/bin/${name}.bin`));

/** Opens and reads everything: "read" or the code of the AttuneError. Any other error, and any tensor larger than the file, is a failure. */
async function outcome(file: Uint8Array): Promise<string> {
  const files = memoryFiles({ m: file });
  let result = "read";
  try {
    const opened = await openPickledWeights(files, "m");
    for (const name of opened.names) {
      const { data } = await opened.read(name);
      if (data.byteLength !== opened.info(name).bytes || data.byteLength > file.length)
        throw new Error(`${data.byteLength} bytes of ${name}`);
      if (opened.info(name).dtype.includes("F")) await opened.readF32(name);
    }
  } catch (error) {
    if (!(error instanceof AttuneError)) throw error;
    result = error.code.replace("E_PICKLE_", "");
  }
  // The first reads ask for what may be there; none asks for more than a pickle's first piece or the file.
  if (files.largestRead > Math.max(1 << 20, file.length)) throw new Error(`a read of ${files.largestRead} bytes`);
  return result;
}

const outcomes = (arbitrary: fc.Arbitrary<Uint8Array>, numRuns: number): Promise<string[]> =>
  outcomesOf(arbitrary, { outcome, numRuns, seed });

/** A file with some bytes changed, or cut. */
function damaged(valid: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(valid.length - 1), fc.oneof(fc.constantFrom(...opcodes.keys()), fc.nat(255)));
  const length = fc.oneof({ arbitrary: fc.constant(valid.length), weight: 9 }, fc.nat(valid.length));
  return fc.tuple(fc.array(change, { minLength: 1, maxLength: 3 }), length).map(([changes, kept]) => {
    const bytes = valid.slice();
    for (const [at, byte] of changes) bytes[at] = byte;
    return bytes.slice(0, kept);
  });
}

const small = checkpoint(
  stateDict({
    a: tensor(storage("0", 6), [3, 2], [1, 3]),
    b: tensor(storage("0", 6), [2], [1], 1),
    c: tensor(storage("1", 2, "HalfStorage"), [2], [1]),
  }),
  { 0: new Uint8Array(24).fill(60), 1: new Uint8Array(4) },
);

test(`bytes behind the beginnings of both formats (seed ${seed})`, async () => {
  const start = fc.constantFrom(bytesOf("PK\x03\x04"), bytesOf(0x80, 2), bytesOf());
  const file = fc.tuple(start, fc.uint8Array({ maxLength: 100 })).map((parts) => bytesOf(...parts));
  expect(await outcomes(file, 1500)).toEqual(expect.arrayContaining(["CONTAINER", "OPCODE", "TRUNCATED"]));
});

test(`pickles of any opcodes with any arguments (seed ${seed})`, async () => {
  const size = fc.constantFrom(0, 1, 2, 3, 6, 255, 2 ** 31 - 1, 2 ** 32 - 1);
  const names = fc.constantFrom("storage", "0", "1", "a", "cpu", "__proto__");
  const argument = fc.oneof(
    { arbitrary: fc.constantFrom(...opcodes.keys()).map((code) => bytesOf(code)), weight: 9 },
    fc.constantFrom(...refusedOpcodes.keys()).map((code) => bytesOf(code)),
    size.map((value) => bytesOf(pickle.number(value))),
    names.map((name) => bytesOf(pickle.text(name))),
    fc.tuple(fc.constantFrom("q", "h"), fc.nat(3)).map(([code, index]) => bytesOf(code, index)),
    size.map((value) => bytesOf("X", little(value, 4))),
    fc
      .constantFrom(
        pickle.global("torch", "FloatStorage"),
        pickle.global("torch._utils", "_rebuild_tensor_v2"),
        pickle.global("collections", "OrderedDict"),
        pickle.global("os", "system"),
        storage("0", 6),
        tensor(storage("0", 6), [2, 3], [3, 1]),
      )
      .map((part) => bytesOf(part)),
    fc.tuple(size, size, size).map(([shape, stride, offset]) => bytesOf(tensor(storage("0", 6), [shape, 2], [stride, 1], offset))),
  );
  const entry = fc.tuple(names, argument).map(([name, value]) => bytesOf(pickle.text(name), value));
  const body = fc.oneof(
    fc.array(argument, { maxLength: 12 }).map((parts) => pickle.of(...parts)),
    fc.array(entry, { maxLength: 3 }).map((parts) => pickle.of("}(", ...parts, "u")),
  );
  const file = body.map((data) => checkpoint(data, { 0: new Uint8Array(24) }));
  expect(await outcomes(file, 3000)).toEqual(["GLOBAL", "OPCODE", "STORAGE", "TENSOR", "TRUNCATED", "VALUE", "read"]);
});

test.each([
  ["a small zip", small, 4000],
  ["the zip of every type", golden("dtypes"), 700],
  ["an old file of views", golden("protocol-5-legacy"), 1200],
] as const)(`%s with some bytes changed or cut (seed ${seed})`, async (_, valid, runs) => {
  expect(await outcome(valid)).toBe("read");
  expect(await outcomes(damaged(valid), runs)).toEqual(expect.arrayContaining(["CONTAINER", "OPCODE", "TRUNCATED", "VALUE", "read"]));
});
