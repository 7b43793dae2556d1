import { describe, expect, it } from "vitest";
import { expectRows, run } from "../test/golden.ts";
import { batchOf, precisions, readColumnCases } from "../test/pair-cases.ts";
import { triplet } from "./triplet.ts";

const cases = readColumnCases("triplet");

describe.each(precisions)("sentence-transformers' TripletLoss in $float", ({ float, value, gradient }) => {
  it.each(cases)("$name", async (one) => {
    const { gradients, ...batch } = batchOf(one);
    const got = await run(triplet, { float, options: one.params, ...batch });
    expectRows([[got.loss]], [[one.expected.loss]], value);
    expectRows(got.anchor, gradients.anchor, gradient);
    expectRows(got.candidates, gradients.candidates, gradient);
  });
});

const anchor = [
  [0, 0],
  [4, 0],
];
const options = { distance: "manhattan", margin: 2 };
/** Positives at distance 1 and 3; negatives of row 0 at 2, of row 1 at 1 and 9. */
const candidates = [
  [1, 0],
  [4, 3],
  [0, 2],
  [4, 1],
  [4, 9],
];
const known = { targets: Int32Array.of(0, 1), groups: Int32Array.of(0, 1, 0, 1, 1) };

describe("several negatives in a row", () => {
  it("are averaged in it, and rows count alike", async () => {
    const got = await run(triplet, { options, anchor, candidates, known });
    expect(got.loss).toBe((1 + (4 + 0) / 2) / 2);
  });

  it("make no term where excluded, and only for their own row", async () => {
    const exclude = Uint8Array.from([0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    const got = await run(triplet, { options, anchor, candidates, known: { ...known, exclude } });
    expect(got.loss).toBe((0 + (4 + 0) / 2) / 2);
    expectRows([got.anchor[0]], [[0, 0]], 0);
  });
});

it("an anchor that is its positive has a finite gradient", async () => {
  const got = await run(triplet, { float: "f32", anchor, candidates: [anchor[0], ...candidates.slice(1)], known });
  expect([...got.anchor.flat(), ...got.candidates.flat()].every(Number.isFinite)).toBe(true);
});

it("refuses rows without a negative, and says which", async () => {
  const without = { targets: known.targets, groups: Int32Array.of(0, 1, 0) };
  await expect(run(triplet, { anchor, candidates: candidates.slice(0, 3), known: without })).rejects.toMatchObject({
    code: "E_LOSS_INPUT",
    sentence: "loss triplet needs a negative in every row, and row 2 of the batch has none",
    hint: expect.stringContaining('give every row a "negative"'),
  });
});
