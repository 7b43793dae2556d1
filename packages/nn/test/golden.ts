// How the tests of this package read golden files: fixtures/golden, JSON and safetensors.

import { readFileSync } from "node:fs";

const file = (path: string): Buffer => readFileSync(new URL(`../../../fixtures/golden/${path}`, import.meta.url));

/** A JSON file. */
export function readGolden<T>(path: string): T {
  return JSON.parse(file(path).toString()) as T;
}

/** The tensors of a safetensors file, which must be f32 or i32. */
export function readTensors(path: string): ReadonlyMap<string, Float32Array | Int32Array> {
  const bytes = new Uint8Array(file(path));
  const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) as Record<
    string,
    { dtype: string; data_offsets: [number, number] }
  >;
  delete header.__metadata__;
  return new Map(
    Object.entries(header).map(([name, { dtype, data_offsets: offsets }]) => {
      const buffer = bytes.slice(start + offsets[0], start + offsets[1]).buffer;
      return [name, dtype === "I32" ? new Int32Array(buffer) : new Float32Array(buffer)];
    }),
  );
}
