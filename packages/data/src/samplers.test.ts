import { createRegistry, type Context } from "@attune/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expandPositives, type Example } from "./examples.ts";
import { lengthBucketedSampler, lengthBucketedSamplerPlugin } from "./length-bucketed-sampler.ts";
import { noDuplicatesSampler } from "./no-duplicates-sampler.ts";
import { perSetSampler } from "./per-set-sampler.ts";
import { planBatches, planStoppably, type BatchCursor } from "./plan-batches.ts";
import { randomSampler } from "./random-sampler.ts";
import type { Row } from "./row.ts";
import { cutBatches, type Sampler } from "./sampler.ts";
import { tokenBudgetSampler, tokenBudgetSamplerPlugin } from "./token-budget-sampler.ts";

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

  test("the batches are those of the plain loop that looks at every postponed example for every batch", () => {
    const plain = (examples: readonly Example[], { batchSize, ...sampling }: typeof options): number[][] => {
      const batches: number[][] = [];
      let left = randomSampler.batches(examples, { ...sampling, batchSize }).flat();
      while (left.length > 0) {
        const [batch, taken]: [number[], Set<string>] = [[], new Set()];
        left = left.filter((example) => {
          const texts = textsOf(examples[example]);
          if (batch.length === batchSize || texts.some((text) => taken.has(text))) return true;
          for (const text of texts) taken.add(text);
          batch.push(example);
          return false;
        });
        batches.push(batch);
      }
      return batches;
    };
    const some = fc.array(fc.tuple(fc.nat(40), fc.nat(6), fc.array(fc.nat(25), { maxLength: 2 })), { maxLength: 120 });
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 99 }), (raw, batchSize, seed) => {
        const examples = examplesOf(raw.map(([a, p, ns]) => row(`t${a}`, `t${p}`, ...ns.map((n) => `t${n}`))));
        const sampling = { ...options, batchSize, seed };
        expect(noDuplicatesSampler.batches(examples, sampling)).toEqual(plain(examples, sampling));
      }),
      { numRuns: 300 },
    );
  });

  test("one text in most examples costs no time that grows with the square of them", () => {
    const count = 100_000;
    const examples = examplesOf(Array.from({ length: count }, (_, i) => row(`a${i}`, i % 10 === 0 ? `p${i}` : "the same")));
    expect(noDuplicatesSampler.count(examples, options)).toBe(count * 0.9);
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

describe("samplers that go by length", () => {
  /** As many tokens as characters: the anchor of 1 and a positive of `length - 1`. */
  const ofLengths = (lengths: number[]): Example[] => examplesOf(lengths.map((length) => row("a", "p".repeat(length - 1))));
  const lengthOf = (text: string): number => text.length;
  const sampling = { ...options, lengthOf };
  const someLengths = fc.array(fc.integer({ min: 2, max: 40 }), { maxLength: 80 });
  const sizes = fc.integer({ min: 1, max: 7 });

  test("length-bucketed: every example once, batches sorted inside of a window, the longest first, count agrees", () => {
    fc.assert(
      fc.property(someLengths, sizes, sizes, fc.nat(99), fc.boolean(), (lengths, batchSize, window, seed, dropLast) => {
        const [examples, one] = [ofLengths(lengths), { ...sampling, batchSize, seed, dropLast }];
        const batches = lengthBucketedSampler(window).batches(examples, one);
        const used = batches.flat().toSorted((a, b) => a - b);
        expect(new Set(used).size).toBe(used.length);
        expect(used.length).toBe(dropLast ? lengths.length - (lengths.length % batchSize) : lengths.length);
        expect(lengthBucketedSampler(window).count(examples, one)).toBe(batches.length);
        expect(lengthBucketedSampler(window).batches(examples, one)).toEqual(batches);
        const tokens = batches.map((batch) => batch.reduce((sum, i) => sum + lengths[i], 0));
        expect(tokens[0] ?? 0).toBe(tokens.reduce((most, count) => Math.max(most, count), 0));
        // A window as large as the data: no two batches interleave.
        if (window * batchSize < lengths.length) return;
        const ranges = batches.map((batch) => batch.map((i) => lengths[i])).sort((a, b) => b[0] - a[0] || b.at(-1)! - a.at(-1)!);
        for (const [i, range] of ranges.entries()) {
          expect(range).toEqual(range.toSorted((a, b) => b - a));
          if (i > 0) expect(range[0]).toBeLessThanOrEqual(ranges[i - 1].at(-1)!);
        }
      }),
    );
  });

  test("length-bucketed: another order in each epoch, much less difference inside of a batch than random", () => {
    const lengths = Array.from({ length: 400 }, (_, i) => 2 + ((i * 37) % 101));
    const spread = (batches: number[][]): number =>
      batches.reduce((sum, batch) => sum + Math.max(...batch.map((i) => lengths[i])) - Math.min(...batch.map((i) => lengths[i])), 0);
    const batches = (epoch: number) => lengthBucketedSampler().batches(ofLengths(lengths), { ...sampling, batchSize: 8, epoch });
    expect(batches(1)).not.toEqual(batches(0));
    expect(spread(batches(0)) * 20).toBeLessThan(spread(randomSampler.batches(ofLengths(lengths), { ...sampling, batchSize: 8 })));
  });

  test("token-budget: every example once, in shuffled order, no batch above the budget or the batch size, none that could take the next", () => {
    fc.assert(
      fc.property(someLengths, sizes, fc.integer({ min: 40, max: 90 }), fc.nat(99), (lengths, batchSize, budget, seed) => {
        const [examples, one] = [ofLengths(lengths), { ...sampling, batchSize, seed }];
        const batches = tokenBudgetSampler(budget).batches(examples, one);
        expect(batches.flat()).toEqual(randomSampler.batches(examples, one).flat());
        expect(tokenBudgetSampler(budget).count(examples, one)).toBe(batches.length);
        for (const [i, batch] of batches.entries()) {
          const tokens = batch.reduce((sum, example) => sum + lengths[example], 0);
          expect(tokens).toBeLessThanOrEqual(budget);
          expect(batch.length).toBeLessThanOrEqual(batchSize);
          const next = batches[i + 1]?.[0];
          if (next !== undefined && batch.length < batchSize) expect(tokens + lengths[next]).toBeGreaterThan(budget);
        }
        expect(tokenBudgetSampler(budget).batches(examples, { ...one, dropLast: true })).toEqual(batches.slice(0, -1));
      }),
    );
  });

  test("negatives count; an example that is too long alone, and a call without lengths, are sentences", () => {
    const examples = examplesOf([row("a", "pp", "nnn"), row("a", "pp")]);
    expect(tokenBudgetSampler(6).count(examples, sampling)).toBe(2);
    const tooLong = () => tokenBudgetSampler(5).batches(examples, sampling);
    expect(tooLong).toThrow('E_OPTION sampler token-budget the row of "a" has 6 tokens with 1 negative, more than the token budget of 5');
    const placeOf = (rowIndex: number): string => `a.jsonl:${rowIndex + 10}`;
    const placed = () => tokenBudgetSampler(2).count(examples.slice(1), { ...sampling, placeOf });
    expect(placed).toThrow("E_OPTION a.jsonl:11 has 3 tokens, more than the token budget of 2");
    const budget = { sampler: tokenBudgetSampler(5), batchSize: 4, seed: 1, lengthOf, placeOf };
    expect(() => planBatches([row("a", "p"), row("b", "ppp", "n", "n")], budget)).toThrow(
      "E_OPTION a.jsonl:11 has 6 tokens with 2 negatives",
    );
    expect(() => tokenBudgetSampler(5).batches(examples, options)).toThrow(/E_OPTION sampler token-budget goes by the lengths of texts/);
    expect(() => lengthBucketedSampler().batches(examples, options)).toThrow(/E_OPTION sampler length-bucketed goes by the lengths/);
  });

  test("prompts count: of an anchor the row's own, of each text that of its side", () => {
    const examples = examplesOf([{ ...row("aa", "pp", "n"), prompt: "of the row: " }, row("aa", "pp")]);
    const asked: [string, string, string | undefined][] = [];
    const withPrompts = (text: string, side: "query" | "document", prompt = side === "query" ? "query: " : "passage: "): number => {
      asked.push([text, side, prompt]);
      return prompt.length + text.length;
    };
    const count = (tokens: number): number => tokenBudgetSampler(tokens).count(examples, { ...options, lengthOf: withPrompts });
    const lengths = [12 + 2 + 9 + 2 + 9 + 1, 7 + 2 + 9 + 2];
    expect([count(lengths[0] + lengths[1]), count(lengths[0] + lengths[1] - 1)]).toEqual([1, 2]);
    expect(asked.slice(0, 4)).toEqual([
      ["aa", "query", "of the row: "],
      ["pp", "document", "passage: "],
      ["n", "document", "passage: "],
      ["aa", "query", "query: "],
    ]);
  });

  test("as plugins, with checked options", async () => {
    const registry = createRegistry().use(lengthBucketedSamplerPlugin).use(tokenBudgetSamplerPlugin);
    const create = async (name: "length-bucketed" | "token-budget", given: object) =>
      registry.create("sampler", name, given, {} as Context);
    expect((await create("length-bucketed", {})).name).toBe("length-bucketed");
    expect((await create("token-budget", { tokens: 10 })).count(ofLengths([5, 5, 5]), sampling)).toBe(2);
    await expect(create("token-budget", {})).rejects.toMatchObject({ code: "E_OPTION" });
    await expect(create("length-bucketed", { window: 0 })).rejects.toMatchObject({ code: "E_OPTION" });
  });
});

describe("planBatches", () => {
  const rows: Row[] = [...distinct(11), { anchor: "x", positives: ["y", "z"], negatives: ["n1", "n2", "n3"] }];
  const weighted = rows.map((row, i): Row => (i < 6 ? { ...row, weight: 0.4 } : { ...row, weight: 1.5 }));
  const planOf = (given: Row[], sampler: Sampler) => {
    const lengthOf = (text: string): number => text.length * 5;
    return planBatches(given, { sampler, batchSize: 3, epochs: 3, seed: 7, positives: "random", negatives: 1, lengthOf });
  };

  test.each([
    ["no-duplicates", noDuplicatesSampler, rows, [4, 4, 4]],
    ["random, weighted", randomSampler, weighted, [4, 4, 4]],
    ["length-bucketed", lengthBucketedSampler(2), rows, [4, 4, 4]],
    ["token-budget, weighted", tokenBudgetSampler(60), weighted, [4, 5, 5]],
  ])("going on from any cursor gives what the straight run gives: %s", (_, sampler, given, stepsOfEpoch) => {
    const plan = () => planOf(given, sampler);
    const straight = [...plan().from()];
    expect(straight).toHaveLength(plan().steps);
    expect(plan().stepsOfEpoch).toEqual(stepsOfEpoch);
    for (const [step, { next }] of straight.entries()) {
      const cursor = JSON.parse(JSON.stringify(next)) as BatchCursor;
      expect([...plan().from(cursor)]).toEqual(straight.slice(step + 1));
      expect(straight[step + 1]?.cursor ?? { epoch: 3, batch: 0 }).toEqual(next);
    }
  });

  test("the length of each text is asked for once on each side, and once for each prompt", () => {
    const asked: string[] = [];
    const lengthOf = (...of: [string, string, string?]): number => asked.push(JSON.stringify(of));
    const twice = [...rows, row("p0", "a0"), { ...row("a0", "p0"), prompt: "" }, { ...row("a0", "p0"), prompt: "ask: " }];
    const plan = planBatches(twice, { sampler: lengthBucketedSampler(), batchSize: 3, epochs: 2, seed: 7, lengthOf });
    expect([...plan.from()]).toHaveLength(plan.steps);
    expect(new Set(asked).size).toBe(asked.length);
    const texts = rows.flatMap(({ anchor, positives, negatives }) => [anchor, ...positives, ...negatives]);
    expect(asked.length).toBe(new Set(texts).size + 4); // p0 as a query, a0 as a document, a0 with two prompts
  });

  test.each([
    { given: {}, stepsOfEpoch: [4] },
    { given: { maxSteps: 10 }, stepsOfEpoch: [4, 4, 4] },
    { given: { maxSteps: 5, accumulation: 3 }, stepsOfEpoch: [4, 4, 4] }, // two updates an epoch: an update never spans two
    { given: { maxSteps: 10, epochs: 2 }, stepsOfEpoch: [4, 4] },
    { given: { maxSteps: 5, epochs: 9 }, stepsOfEpoch: [4, 4] },
  ])("epochs end with the last step: $given", ({ given, stepsOfEpoch }) => {
    const plan = planBatches(distinct(12), { sampler: randomSampler, batchSize: 3, seed: 7, ...given });
    expect(plan.stepsOfEpoch).toEqual(stepsOfEpoch);
    expect([...plan.from()]).toHaveLength(plan.steps);
  });

  test("epochs without a batch, of rows with small weights, do not count as steps", () => {
    const rare = distinct(10).map((row): Row => ({ ...row, weight: 0.05 }));
    const plan = planBatches(rare, { sampler: randomSampler, batchSize: 4, maxSteps: 20, seed: 7 });
    expect(plan.stepsOfEpoch).toContain(0);
    expect(plan.steps).toBe(20);
    expect([...plan.from()]).toHaveLength(20);
  });

  test("data without a batch in any epoch end, however many steps are asked for", () => {
    const options = { sampler: randomSampler, batchSize: 4, maxSteps: 50, seed: 1, dropLast: true };
    expect(() => planBatches(distinct(3), options)).toThrow(expect.objectContaining({ code: "E_EMPTY" }));
  });

  test("a plan without a batch is an error", () => {
    const options = { sampler: randomSampler, batchSize: 4, epochs: 1, seed: 1, dropLast: true };
    expect(() => planBatches(distinct(3), options)).toThrow(
      expect.objectContaining({ code: "E_EMPTY", sentence: expect.stringContaining("no full batch of 4") }),
    );
  });
});

describe("planning with pauses", () => {
  const lengthOf = (text: string): number => text.length;
  const some = [...distinct(40), row("a0", "p1", "n"), row("a0", "p2")];
  const samplers: Sampler[] = [
    randomSampler,
    noDuplicatesSampler,
    lengthBucketedSampler(2),
    tokenBudgetSampler(20),
    perSetSampler(noDuplicatesSampler, ({ rowIndex }) => rowIndex % 2),
    { name: "a sampler of somebody else", batches: randomSampler.batches, count: randomSampler.count },
  ];

  test.each(samplers)("$name: the same batches", async (sampler) => {
    const options = { sampler, batchSize: 3, epochs: 2, seed: 7, lengthOf };
    const plain = planBatches(some, options);
    const plan = await planStoppably(some, options, new AbortController().signal);
    expect(plan).toMatchObject({ steps: plain.steps, stepsOfEpoch: plain.stepsOfEpoch });
    const place = { epoch: 1, batch: 2 };
    expect(await Array.fromAsync(plan.from(place, new AbortController().signal))).toEqual([...plain.from(place)]);
    expect(await Array.fromAsync(plan.from())).toEqual([...plain.from()]);
  });

  test.each([lengthBucketedSampler(), tokenBudgetSampler(100)])("$name: a stop is heard while texts are measured", async (sampler) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    let measured = 0;
    const slow = (text: string): number => {
      for (const end = performance.now() + 2; performance.now() < end;);
      measured++;
      return text.length;
    };
    setTimeout(() => controller.abort(reason), 50);
    const planning = planStoppably(distinct(3000), { sampler, batchSize: 3, seed: 7, lengthOf: slow }, controller.signal);
    await expect(planning).rejects.toBe(reason);
    expect(measured).toBeLessThan(500); // of 6000
  });

  test("no-duplicates works in small pieces", () => {
    const pieces = noDuplicatesSampler.inPieces!(examplesOf(distinct(50_000)), options);
    let count = 0;
    while (!pieces.next().done) count++;
    expect(count).toBeGreaterThan(50_000 / 4);
  });

  test("a stop is heard where the batches of an epoch are made", async () => {
    const controller = new AbortController();
    const pace = { quick: true };
    const sampler: Sampler = {
      ...randomSampler,
      *inPieces(examples, options) {
        while (!pace.quick) yield;
        return randomSampler.batches(examples, options);
      },
    };
    const plan = await planStoppably(some, { sampler, batchSize: 3, seed: 7 }, new AbortController().signal);
    pace.quick = false;
    setTimeout(() => controller.abort(), 50);
    await expect(Array.fromAsync(plan.from(undefined, controller.signal))).rejects.toMatchObject({ name: "AbortError" });
  });
});
