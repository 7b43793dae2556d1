import { add, broadcastTo, concat, createReferenceBackend, Engine, maximum, pad, slice, transpose, where } from "@attune/tensor";
import type { Shape, Tensor } from "@attune/tensor";
import { describe, expect, it } from "vitest";
import { createCpuBackend } from "./index.ts";

/** Ops that walk along each axis, on a tensor whose every axis has two elements. */
const ops: Readonly<Record<string, (x: Tensor, row: Tensor) => Tensor>> = {
  transpose: (x) => transpose(x, [...x.shape.keys()].reverse()),
  slice: (x) => slice(x, { axis: -1, start: 1 }),
  pad: (x) => pad(x, { axis: 1, before: 1, after: 1 }),
  concat: (x) => concat([x, x], { axis: 1 }),
  broadcastTo: (x, row) => broadcastTo(row, x.shape),
  add: (x, row) => add(x, row),
  maximum: (x, row) => maximum(x, row),
  where: (x, row) => where(x.engine.from(Uint8Array.of(0, 1)), x, row),
};

/** The result on a backend, for a row [… 1 2 1 2]. */
async function resultOn(backend: "cpu" | "reference", rank: number, op: (x: Tensor, row: Tensor) => Tensor): Promise<number[]> {
  const engine = new Engine(backend === "cpu" ? createCpuBackend() : createReferenceBackend());
  const row: Shape = Array.from({ length: rank }, (_, axis) => 1 + (axis % 2));
  const count = (size: number): Float32Array => Float32Array.from({ length: size }, (_, i) => i);
  try {
    const y = engine.scope(() => op(engine.from(count(2 ** rank), Array<number>(rank).fill(2)), engine.from(count(2 ** (rank >> 1)), row)));
    return [...(await y.read())];
  } finally {
    await engine.backend.dispose();
  }
}

describe.each(Object.keys(ops))("%s", (name) => {
  it("walks along eight axes", async () => {
    expect(await resultOn("cpu", 8, ops[name])).toEqual(await resultOn("reference", 8, ops[name]));
  });

  it.each([9, 12])("refuses %i", async (rank) => {
    await expect(resultOn("cpu", rank, ops[name])).rejects.toMatchObject({ code: "E_SHAPE", place: name, expected: "at most 8 axes" });
  });
});
