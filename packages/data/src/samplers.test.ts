import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expandPositives, type Example } from "./examples.ts";
import { noDuplicatesSampler } from "./no-duplicates-sampler.ts";
import { planBatches, type BatchCursor } from "./plan-batches.ts";
import { randomSampler } from "./random-sampler.ts";
import type { Row } from "./row.ts";
import { cutBatches } from "./sampler.ts";

const row = (anchor: string, positive: string, ...negatives: string[]): Row => ({ anchor, positives: [positive], negatives });
const distinct = (count: number): Row[] => Array.from({ length: count }, (_, i) => row(`a${i}`, `p${i}`));
const examplesOf = (rows: Row[]): Example[] => expandPositives(rows, "each", { seed: 0, epoch: 0 });
const options = { batchSize: 4, dropLast: false, seed: 1, epoch: 0 };
const textsOf = ({ anchor, positive, negatives }: Example) => [...new Set([anchor, positive, ...(negatives as string[])])];

test("batches are cut in order; the last one is shorter, or left out", () => {
  expect(cutBatches([5, 4, 3, 2, 1], 2, false)).toEqual([[5, 4], [3, 2], [1]]);
  expect(cutBatches([5, 4, 3, 2, 1], 2, true)).toEqual([
    [5, 4],
    [3, 2],
  ]);
  expect(cutBatches([], 2, false)).toEqual([]);
});

test("random: a permutation that (seed, epoch) decides", () => {
  const examples = examplesOf(distinct(50));
  const order = (seed: number, epoch: number) => randomSampler.batches(examples, { ...options, seed, epoch }).flat();
  expect(order(1, 0).toSorted((a, b) => a - b)).toEqual(examples.map((_, i) => i));
  expect(order(1, 0)).toEqual(order(1, 0));
  expect(order(1, 1)).not.toEqual(order(1, 0));
  expect(order(2, 0)).not.toEqual(order(1, 0));
});

describe("no-duplicates", () => {
  const letters = fc.constantFrom(..."abcdefghijkl");
  const someRows = fc.array(fc.tuple(letters, letters, fc.array(letters, { maxLength: 2 })), { maxLength: 60 });

  test("no text twice in a batch, every example once, count agrees, batches as full as they can be", () => {
    fc.assert(
      fc.property(someRows, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 99 }), (raw, batchSize, seed) => {
        const examples = examplesOf(raw.map(([anchor, positive, negatives]) => row(anchor, positive, ...negatives)));
        const sampling = { ...options, batchSize, seed };
        const batches = noDuplicatesSampler.batches(examples, sampling);
        expect(batches.flat().toSorted((a, b) => a - b)).toEqual(examples.map((_, i) => i));
        expect(noDuplicatesSampler.count(examples, sampling)).toBe(batches.length);
        for (const [i, batch] of batches.entries()) {
          const texts = batch.flatMap((example) => textsOf(examples[example]));
          expect(new Set(texts).size).toBe(texts.length);
          if (batch.length === batchSize) continue;
          const taken = new Set(texts);
          for (const later of batches.slice(i + 1).flat()) expect(textsOf(examples[later]).some((text) => taken.has(text))).toBe(true);
        }
      }),
    );
  });

  test("without duplicates it is the random order; dropLast leaves short batches out", () => {
    const examples = examplesOf(distinct(10));
    expect(noDuplicatesSampler.batches(examples, options)).toEqual(randomSampler.batches(examples, options));
    expect(noDuplicatesSampler.batches(examples, { ...options, dropLast: true }).map((batch) => batch.length)).toEqual([4, 4]);
    const same = examplesOf([row("a", "p"), row("b", "p"), row("c", "p")]);
    expect(noDuplicatesSampler.batches(same, options).map((batch) => batch.length)).toEqual([1, 1, 1]);
    expect(noDuplicatesSampler.count(same, { ...options, dropLast: true })).toBe(0);
  });
});

describe("planBatches", () => {
  const rows = [...distinct(11), { anchor: "x", positives: ["y", "z"], negatives: ["n1", "n2", "n3"] }];
  const plan = () =>
    planBatches(rows, { sampler: noDuplicatesSampler, batchSize: 3, epochs: 3, seed: 7, positives: "random", negatives: 1 });

  test("going on from any cursor gives what the straight run gives", () => {
    const straight = [...plan().from()];
    expect(straight).toHaveLength(plan().steps);
    expect(plan().stepsOfEpoch).toEqual([4, 4, 4]);
    for (const [step, { next }] of straight.entries()) {
      const cursor = JSON.parse(JSON.stringify(next)) as BatchCursor;
      expect([...plan().from(cursor)]).toEqual(straight.slice(step + 1));
      expect(straight[step + 1]?.cursor ?? { epoch: 3, batch: 0 }).toEqual(next);
    }
  });

  test("a plan without a batch is an error", () => {
    const options = { sampler: randomSampler, batchSize: 4, epochs: 1, seed: 1, dropLast: true };
    expect(() => planBatches(distinct(3), options)).toThrow(
      expect.objectContaining({ code: "E_EMPTY", sentence: expect.stringContaining("no full batch of 4") }),
    );
  });
});
