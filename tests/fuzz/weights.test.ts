// safetensors and pickled weights under arbitrary bytes: opened, and every tensor read.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openPickledWeights, openSafetensors } from "../../packages/formats/src/index.ts";
import { f32, fileWith, tensor } from "../../packages/formats/test/file-with.ts";
import type { MemoryFiles } from "../../packages/formats/test/memory-files.ts";
import { checkpoint, pickle, bytesOf, stateDict, storage, tensor as pickled } from "../../packages/formats/test/pickle-writer.ts";
import { root } from "../lib/workspace.ts";
import { fuzz, seed } from "./harness.ts";

const golden = (name: string): Uint8Array => new Uint8Array(readFileSync(join(root, "fixtures", "golden", "bin", `${name}.bin`)));

async function readAll(files: MemoryFiles, open: typeof openSafetensors): Promise<void> {
  const opened = await open(files, "m");
  for (const name of opened.names) {
    const { data } = await opened.read(name);
    if (data.byteLength !== opened.info(name).bytes) throw new Error(`${data.byteLength} bytes of ${name}`);
  }
}

test(`safetensors (seed ${seed})`, async () => {
  const header = { __metadata__: { format: "pt" }, a: f32(0, 16), b: tensor("F16", [2, 2], [16, 24]), c: tensor("BOOL", [3], [24, 27]) };
  const outcomes = await fuzz({
    bases: [fileWith(header, 27), fileWith({ a: f32(0, 0) }), fileWith({ w: tensor("F64", [1, 2], [0, 16]) }, 16)],
    dictionary: [
      '"dtype":',
      '"shape":[',
      '"data_offsets":[0,',
      "18446744073709551615",
      "-1",
      "1e308",
      '"F8_E4M3"',
      "null",
      "{",
      "]",
      Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0),
    ],
    read: (files) => readAll(files, openSafetensors),
  });
  expect(Object.keys(outcomes)).toEqual(
    expect.arrayContaining(["read", "E_SAFETENSORS_HEADER", "E_SAFETENSORS_TRUNCATED", "E_SAFETENSORS_OFFSETS"]),
  );
});

test(`pickled weights (seed ${seed})`, async () => {
  const small = checkpoint(
    stateDict({ a: pickled(storage("0", 6), [3, 2], [1, 3]), c: pickled(storage("1", 2, "HalfStorage"), [2], [1]) }),
    { 0: new Uint8Array(24).fill(60), 1: new Uint8Array(4) },
  );
  const outcomes = await fuzz({
    bases: [small, small, golden("protocol-5-legacy")],
    dictionary: [
      bytesOf(pickle.global("os", "system")),
      bytesOf(pickle.global("torch._utils", "_rebuild_tensor_v2")),
      bytesOf(storage("0", 6)),
      bytesOf(pickle.number(2 ** 31 - 1)),
      "}(",
      "u",
      "R",
      "Q",
      "b",
      Uint8Array.of(0x80, 4),
      "PK\u0001\u0002",
      "PK\u0005\u0006",
      Uint8Array.of(255, 255, 255, 127),
    ],
    read: (files) => readAll(files, openPickledWeights),
  });
  expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(["read", "E_PICKLE_CONTAINER", "E_PICKLE_OPCODE", "E_PICKLE_TRUNCATED"]));
});
