import { createRandom } from "@attune/core";
import type { Context } from "@attune/core";
import { describe, expect, it } from "vitest";
import { expectRows, run } from "../test/golden.ts";
import type { Known, Rows } from "../test/golden.ts";
import { infonce } from "./infonce.ts";

const width = 6;
const allDirections = ["query-to-doc", "query-to-query", "doc-to-query", "doc-to-doc"];

function rows(count: number, name: string): Rows {
  const random = createRandom(3, name);
  return Array.from({ length: count }, () => Array.from({ length: width }, () => Math.round(random.normal() * 1024) / 1024));
}

/** Positives first, then each row's negatives. */
function ragged(negatives: readonly number[]): {
  anchor: Rows;
  candidates: Rows;
  known: Known & { groups: Int32Array; targets: Int32Array };
} {
  const all = negatives.map((_, i) => i);
  const groups = Int32Array.from([...all, ...negatives.flatMap((count, i) => Array.from({ length: count }, () => i))]);
  return {
    anchor: rows(negatives.length, "anchor"),
    candidates: rows(groups.length, "candidates"),
    known: { groups, targets: Int32Array.from(all) },
  };
}

/** The definition in double, by loops. */
function defined(
  { anchor, candidates, known }: ReturnType<typeof ragged>,
  temperature: number,
  negative: (i: number, j: number) => boolean,
): number {
  const unit = (row: readonly number[]) => row.map((value) => value / Math.hypot(...row));
  const score = (i: number, j: number) => {
    const [a, b] = [unit(anchor[i]), unit(candidates[j])];
    return a.reduce((sum, value, c) => sum + value * b[c], 0) / temperature;
  };
  const losses = anchor.map((_, i) => {
    const scores = candidates.map((_, j) => score(i, j)).filter((_, j) => j === known.targets[i] || negative(i, j));
    return Math.log(scores.reduce((sum, value) => sum + Math.exp(value), 0)) - score(i, known.targets[i]);
  });
  return losses.reduce((sum, value) => sum + value, 0) / losses.length;
}

describe("rows with 0, 1 and 3 hard negatives", () => {
  const batch = ragged([0, 1, 3, 0]);
  const { groups } = batch.known;
  const positives = new Set(batch.known.targets);

  it.each([
    { negatives: "in-batch", negative: () => true },
    { negatives: "group", negative: (i: number, j: number) => groups[j] === i },
    { negatives: "own-positive-and-all-hard", negative: (_: number, j: number) => !positives.has(j) },
  ])("$negatives", async ({ negatives, negative }) => {
    const got = await run(infonce, { ...batch, options: { negatives, temperature: 0.1 } });
    expect(got.loss).toBeCloseTo(defined(batch, 0.1, negative), 12);
    const alone = got.anchor[0].every((value) => value === 0); // row 0 has no negative of its own
    expect(alone).toBe(negatives === "group");
  });
});

describe("excluded pairs", () => {
  const batch = ragged([1, 1, 1]); // candidates: 3 positives, 3 negatives
  const exclude = new Uint8Array(18);
  for (const [i, j] of [
    [0, 1],
    [0, 3],
    [2, 4],
  ])
    exclude[i * 6 + j] = 1;
  const excluded = (i: number, j: number) => exclude[i * 6 + j] === 1;
  const known = { ...batch.known, exclude };

  it("are no negatives, and nothing else changes", async () => {
    const got = await run(infonce, { ...batch, known, options: { temperature: 0.1 } });
    expect(got.loss).toBeCloseTo(
      defined(batch, 0.1, (i, j) => !excluded(i, j)),
      12,
    );
    expect(got.loss).toBeLessThan((await run(infonce, { ...batch, options: { temperature: 0.1 } })).loss);
  });

  it("never take the positive away", async () => {
    const own = new Uint8Array(18).fill(1);
    const got = await run(infonce, { ...batch, known: { ...known, exclude: own }, options: { temperature: 0.1 } });
    expect(got.loss).toBe(0);
    expectRows(
      got.anchor,
      batch.anchor.map((row) => row.map(() => 0)),
      1e-15,
    );
  });

  it.each(allDirections.slice(1))("count in %s as well: excluding everything leaves query-to-doc alone", async (direction) => {
    const one = ragged([0, 0, 0]);
    const none = new Uint8Array(9).fill(1);
    const options = { temperature: 0.1, directions: ["query-to-doc", direction] };
    const got = await run(infonce, { ...one, known: { ...one.known, exclude: none }, options });
    // doc-to-query keeps each row's own pair in the sum, as it does without exclusions
    expect(got.loss).toBeCloseTo(direction === "doc-to-query" ? Math.log(2) : 0, 12);
    expect((await run(infonce, { ...one, options })).loss).toBeGreaterThan(got.loss + 0.1);
  });

  it("take a query out for the document that must not count against it", async () => {
    const one = ragged([0, 0]);
    const crossed = Uint8Array.of(0, 1, 0, 0); // document 1 is right for query 0 as well
    const options = { temperature: 0.1, directions: ["query-to-doc", "doc-to-query"], partition: "per-direction" };
    const got = await run(infonce, { ...one, known: { ...one.known, exclude: crossed }, options });
    const alone = ({ anchor, candidates }: Pick<typeof one, "anchor" | "candidates">, target: number) =>
      defined({ anchor, candidates, known: { ...one.known, targets: Int32Array.of(target) } }, 0.1, () => true);
    const query1 = alone({ anchor: one.anchor.slice(1), candidates: one.candidates }, 1); // against both documents
    const document0 = alone({ anchor: one.candidates.slice(0, 1), candidates: one.anchor }, 0); // against both queries
    expect(got.loss).toBeCloseTo((query1 + document0) / 4, 12); // query 0 and document 1 have only their own pair left: 0 each
  });
});

describe("the margin", () => {
  const batch = ragged([0, 1, 2]);
  const [temperature, margin] = [0.2, 0.3];
  const options = { temperature, margin, directions: ["query-to-doc", "doc-to-query"] };
  const unit = (row: readonly number[]) => row.map((value) => value / Math.hypot(...row));
  const cosine = (a: readonly number[], b: readonly number[]) => unit(a).reduce((sum, value, c) => sum + value * unit(b)[c], 0);

  /** Scores of a row of either direction by loops: its own pair is at `own`, with less of the margin. */
  const scoresOf = (from: readonly number[], to: Rows, own: number, less = margin) =>
    to.map((other, k) => (cosine(from, other) - (k === own ? less : 0)) / temperature);
  const crossEntropy = (scores: readonly number[], own: number) =>
    Math.log(scores.reduce((sum, value) => sum + Math.exp(value), 0)) - scores[own];
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  it("is that of Yang et al. in both directions, where each has a softmax of its own", async () => {
    const got = await run(infonce, { ...batch, options: { ...options, partition: "per-direction" } });
    const { anchor, candidates } = batch;
    const both = (less: number): number =>
      mean([
        ...anchor.map((query, i) => crossEntropy(scoresOf(query, candidates, i), i)),
        ...anchor.map((_, i) => crossEntropy(scoresOf(candidates[i], anchor, i, less), i)),
      ]);
    expect(got.loss).toBeCloseTo(both(margin), 12);
    expect(Math.abs(got.loss - both(0))).toBeGreaterThan(0.1); // one direction alone is another loss
  });

  it("lowers the positive wherever it stands in a joint softmax", async () => {
    const got = await run(infonce, { ...batch, options });
    const { anchor, candidates } = batch;
    const rows = anchor.map((query, i) => crossEntropy([...scoresOf(query, candidates, i), ...scoresOf(candidates[i], anchor, i)], i));
    expect(got.loss).toBeCloseTo(mean(rows), 12);
  });
});

it.each([
  { options: {}, requires: "in-batch" },
  { options: { negatives: "group" }, requires: "own" },
  { options: { negatives: "own-positive-and-all-hard" }, requires: "hard" },
  { options: { negatives: "group", directions: ["query-to-doc", "doc-to-query"] }, requires: "in-batch" },
])("with $options requires $requires negatives", async ({ options, requires }) => {
  const loss = await infonce.create(infonce.options.parse(options), {} as Context);
  expect(loss.requires).toEqual({ negatives: requires });
});

describe("scale", () => {
  const batch = ragged([1, 0, 2]);

  it("of the vectors does not matter under cosine, and does under dot", async () => {
    const twice = { ...batch, anchor: batch.anchor.map((row) => row.map((value) => 2 * value)) };
    for (const similarity of ["cosine", "dot"]) {
      const options = { similarity, temperature: 0.5, directions: allDirections };
      const change = Math.abs((await run(infonce, { ...twice, options })).loss - (await run(infonce, { ...batch, options })).loss);
      if (similarity === "cosine") expect(change).toBeLessThan(1e-13);
      else expect(change).toBeGreaterThan(0.01);
    }
  });

  it("is log of the number of candidates where all are alike", async () => {
    const alike = ragged([0, 0, 0, 0]);
    const same = { ...alike, anchor: alike.anchor.map(() => [1, 0]), candidates: alike.candidates.map(() => [1, 0]) };
    expect((await run(infonce, { ...same })).loss).toBeCloseTo(Math.log(4), 12);
    expect((await run(infonce, { ...same, options: { margin: 0.3, temperature: 0.1 } })).loss).toBeCloseTo(
      Math.log(1 + 3 * Math.exp(3)),
      12,
    );
  });

  it("stays finite at a temperature that overflows exp", async () => {
    const got = await run(infonce, { float: "f32", ...batch, options: { temperature: 1e-4 } });
    expect(Number.isFinite(got.loss)).toBe(true);
    expect(got.anchor.flat().every(Number.isFinite)).toBe(true);
  });
});

describe("refused", () => {
  it.each([
    { options: { temperature: 0 }, place: "temperature" },
    { options: { temperature: -1 }, place: "temperature" },
    { options: { similarity: "euclid" }, place: "similarity" },
    { options: { margin: -0.1 }, place: "margin" },
    { options: { hardness: "hard" }, place: "hardness" },
    { options: { hardnessStrength: 3 }, place: "hardnessStrength" },
    { options: { hardness: "hard-negatives" }, place: "hardness" },
    { options: { hardness: "all-negatives", hardnessStrength: 0 }, place: "hardness" },
    { options: { hardness: "in-batch-negatives", hardnessStrength: 3, negatives: "group" }, place: "hardness" },
    { options: { directions: [] }, place: "directions" },
    { options: { directions: ["doc-to-query"] }, place: "directions" },
    { options: { directions: ["query-to-doc", "query-to-doc"] }, place: "directions" },
    { options: { directions: ["query-to-doc", "doc-to-doc"], partition: "per-direction" }, place: "partition" },
  ])("$options", async ({ options, place }) => {
    await expect(run(infonce, { ...ragged([0]), options })).rejects.toMatchObject({ code: "E_OPTION", place: `infonce ${place}` });
  });

  it("an unknown option, with the nearest known one", async () => {
    await expect(run(infonce, { ...ragged([0]), options: { temprature: 1 } })).rejects.toThrow('did you mean "temperature"?');
  });

  it.each([
    { what: "targets", known: { targets: Int32Array.of(0) } },
    { what: "targets", known: { targets: Int32Array.of(0, 2) } },
    { what: "groups", known: { groups: Int32Array.of(0, 1, 1) } },
    { what: "groups", known: { groups: Int32Array.of(0, 2) } },
    { what: "exclude", known: { exclude: new Uint8Array(3) } },
    { what: "labels", known: { labels: new Float32Array(1) } },
  ])("$what that do not fit", async ({ what, known }) => {
    const batch = ragged([0, 0]);
    const refused = run(infonce, { ...batch, known: { ...batch.known, ...known } });
    await expect(refused).rejects.toMatchObject({
      code: "E_LOSS_INPUT",
      sentence: expect.stringContaining(`loss infonce ${what}: expected`),
    });
  });
});
