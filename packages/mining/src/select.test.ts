import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryCorpus } from "./corpus.ts";
import { expectRoom, mine, type MiningResult } from "./mine.ts";
import type { CandidateSource } from "./miner.ts";
import type { MiningOptions } from "./options.ts";
import { emptyRanking } from "./ranking.ts";
import { miningTaskOf, type MiningTask } from "./task.ts";
import { memoryVectors } from "./vectors.ts";

/** Scores [Q N] as a source of candidates. */
function sourceOf(scores: readonly (readonly number[])[]): CandidateSource {
  return {
    async rank(depth) {
      const ranking = emptyRanking(scores.length, Math.min(depth, scores[0].length));
      for (const [query, row] of scores.entries()) {
        const order = Array.from(row.keys())
          .sort((a, b) => row[b] - row[a] || a - b)
          .slice(0, ranking.width);
        ranking.documents.set(order, query * ranking.width);
        ranking.scores.set(
          order.map((document) => row[document]),
          query * ranking.width,
        );
      }
      return ranking;
    },
    score: async ({ queries, documents }) => Float32Array.from(queries, (query, i) => scores[query][documents[i]]),
  };
}

interface World {
  readonly task: MiningTask;
  readonly scores: number[][];
}

/** One query, named documents with their scores, some of them positives. */
async function world(documents: Record<string, number>, positives: string[], query = "query"): Promise<World> {
  const task = await miningTaskOf([{ anchor: query, positives, negatives: [] }], memoryCorpus(Object.keys(documents)));
  return { task, scores: [Object.values(documents)] };
}

const negativesOf = ({ task, mined }: MiningResult, query = 0): Promise<string[]> =>
  task.corpus.texts(mined[query].negatives.map(({ document }) => document));

const chosen = async ({ task, scores }: World, options: MiningOptions): Promise<string[]> =>
  negativesOf(await mine({ task, candidates: sourceOf(scores) }, options));

describe("the range", () => {
  const ranked = world({ a: 9, p: 8, b: 7, c: 6, d: 5 }, ["p"]);

  test("half-open, counted after positives are gone, or before", async () => {
    expect(await chosen(await ranked, { range: "0-2" })).toEqual(["a", "b"]);
    expect(await chosen(await ranked, { range: "1-3" })).toEqual(["b", "c"]);
    expect(await chosen(await ranked, { range: [1, 3], semantics: "flagembedding" })).toEqual(["b"]);
    expect(await chosen(await ranked, { range: "2-" })).toEqual(["c", "d"]);
    expect(await chosen(await ranked, { range: "7-9" })).toEqual([]);
  });

  test("without an end it has room for what a filter drops", async () => {
    const row = [9, 8, 7, 6, 5, 4];
    const rows = ["q", "r"].map((anchor) => ({ anchor, positives: ["p"], negatives: [] }));
    const task = await miningTaskOf(rows, memoryCorpus(["a", "p", "b", "c", "d", "e"]));
    const result = await mine({ task, candidates: sourceOf([row, row]) }, { negatives: 2, perDocument: 1 });
    expect(await Promise.all([0, 1].map((query) => negativesOf(result, query)))).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
  });

  test("filters come before the range, or after it", async () => {
    expect(await chosen(await ranked, { range: "1-3", maxScore: 7.5 })).toEqual(["c"]);
    expect(await chosen(await ranked, { range: "1-3", maxScore: 7.5, semantics: "flagembedding" })).toEqual(["b"]);
  });
});

describe("filters", () => {
  test("texts that say the same as a positive or as the query, copies of a candidate, empty texts", async () => {
    const texts = { "The  Answer": 9, "the answer": 8, "THE QUERY ": 7, "": 6.5, other: 6, "Other ": 5.5, last: 5 };
    const { task, scores } = await world(texts, ["the answer"], "The query");
    const result = await mine({ task, candidates: sourceOf(scores) }, {});
    expect(await negativesOf(result)).toEqual(["other", "last"]);
    expect(result.report.dropped).toEqual({ positive: 1, "equal-to-positive": 1, "equal-to-query": 1, empty: 1, repeated: 1 });
  });

  test("several positives: margins count from the lowest", async () => {
    const found = await world({ high: 9, a: 8, low: 7, b: 6.5, c: 6, d: 5 }, ["high", "low"]);
    expect(await chosen(found, { absoluteMargin: 0 })).toEqual(["b", "c", "d"]);
    expect(await chosen(found, { absoluteMargin: 1 })).toEqual(["c", "d"]);
    expect(await chosen(found, { relativeMargin: 0.2 })).toEqual(["d"]);
    expect(await chosen(found, { maxScore: 6.2, minScore: 5.5 })).toEqual(["c"]);
  });

  test("a relative margin lowers the limit of a negative score too", async () => {
    const found = await world({ p: -1, a: -1.05, b: -1.2 }, ["p"]);
    expect(await chosen(found, { relativeMargin: 0 })).toEqual(["a", "b"]);
    expect(await chosen(found, { relativeMargin: 0.1 })).toEqual(["b"]);
  });

  test("nothing left is counted, and no error", async () => {
    const { task, scores } = await world({ p: 1, a: 2 }, ["p"]);
    const { mined, report } = await mine({ task, candidates: sourceOf(scores) }, { absoluteMargin: 0.1, negatives: 3 });
    expect(mined[0].negatives).toEqual([]);
    expect(report).toMatchObject({ queriesWithNone: 1, queriesShort: 1, shareWithNone: 1, negatives: 0, margins: { counts: [] } });
  });
});

test("another scorer's order and scores replace the miner's, those of positives too", async () => {
  const { task, scores } = await world({ a: 9, p: 8, b: 7, c: 6 }, ["p"]);
  const opinion: Record<string, number> = { a: 0.1, p: 0.5, b: 0.2, c: 0.9 };
  const asked: string[] = [];
  const result = await mine(
    {
      task,
      candidates: sourceOf(scores),
      async rescore(pairs) {
        asked.push(...pairs.map(({ query }) => query));
        return pairs.map(({ document }) => opinion[document]);
      },
    },
    { absoluteMargin: 0 },
  );
  expect(await negativesOf(result)).toEqual(["b", "a"]);
  expect([...result.mined[0].positiveScores]).toEqual([0.5]);
  expect(result.report.suspected.examples).toEqual([
    { query: "query", positive: "p", positiveScore: 0.5, document: "c", score: Math.fround(0.9), fate: "absolute-margin" },
  ]);
  expect(asked).toEqual(Array.from({ length: 5 }, () => "query")); // the positive by itself and among the candidates
});

test("the suspect of a query is furthest above its positive, wherever its miner ranked it; the first of equals", async () => {
  const { task } = await world({ p: 5, a: 6, b: 9, c: 9 }, ["p"]);
  const ranking = { width: 4, documents: Int32Array.of(1, 2, 3, 0), scores: Float32Array.of(6, 9, 9, 5) }; // fused by rank, not sorted by score
  const candidates: CandidateSource = { rank: async () => ranking, score: async ({ queries }) => Float32Array.from(queries, () => 5) };
  const { report } = await mine({ task, candidates }, {});
  expect(report.suspected).toMatchObject({ pairs: 3, queries: 1, examples: [{ document: "b", score: 9, positiveScore: 5 }] });
});

test("options are checked, and a comparison of embeddings needs some", async () => {
  const { task, scores } = await world({ a: 9, p: 8 }, ["p"]);
  const run = (options: object) => mine({ task, candidates: sourceOf(scores) }, options);
  await expect(run({ range: "5-5" })).rejects.toMatchObject({ code: "E_OPTION", place: "mining range" });
  await expect(run({ margin: 1 })).rejects.toMatchObject({ code: "E_OPTION" });
  await expect(run({ nearDuplicate: 0.95 })).rejects.toMatchObject({ code: "E_OPTION", place: "mining nearDuplicate" });
});

test("candidates that no memory holds are said before any is looked for, with the query that asks for so many", async () => {
  const { task } = await world({ a: 9, p: 8 }, ["p"]);
  const candidates = { rank: () => expect.unreachable(), score: () => expect.unreachable() } as CandidateSource;
  const large = { ...task, corpus: { ...task.corpus, size: 2 ** 31 } };
  const wrong = { code: "E_OPTION", place: "mining range", problem: expect.stringContaining("16 GiB") };
  await expect(mine({ task: { ...large, maxPositives: 2 ** 30 }, candidates })).rejects.toMatchObject({
    ...wrong,
    hint: expect.stringContaining('row 1, "query", has 1073741824 positives'),
  });
  expect(() => expectRoom(large, { range: [0, 2 ** 31] })).toThrow(
    "E_OPTION mining range needs 2147483648 candidates for each of 1 queries",
  );
  expect(expectRoom(task, { range: [0, 2 ** 31] })).toMatchObject({ from: 0, to: 2 ** 31 });
  await expect(mine({ task: large, candidates }, { range: [0, 2 ** 31] })).rejects.toMatchObject({
    ...wrong,
    hint: expect.stringMatching(/^end --range earlier/),
  });
});

test("a depth of which all queries' candidates are too many is ranked in parts, with the rows of one ranking", async () => {
  const rows = ["q", "r", "s"].map((anchor) => ({ anchor, positives: ["p"], negatives: [] }));
  const { corpus, ...task } = await miningTaskOf(rows, memoryCorpus(["a", "p", "b", "c", "d", "e"]));
  const scores = [
    [9, 8, 7, 6, 5, 4],
    [9, 8.5, 7, 6, 5.5, 4],
    [1, 2, 3, 4, 5, 6],
  ];
  const whole = sourceOf(scores);
  const asked: number[] = [];
  const parted: CandidateSource = {
    rank: () => expect.unreachable(),
    async *rankParts(depth, part) {
      asked.push(part);
      for (let first = 0; first < scores.length; first += part) yield await sourceOf(scores.slice(first, first + part)).rank(depth);
    },
    score: (pairs) => whole.score(pairs),
  };
  const large = { ...task, corpus: { ...corpus, size: 2 ** 31 } };
  for (const [end, part] of [
    [2 ** 23 - 1, 2],
    [2 ** 24 - 1, 1],
    [2 ** 26, 1],
  ]) {
    const options: MiningOptions = { range: [0, end], negatives: 2, perDocument: 2, absoluteMargin: -1 + 1 };
    expect(await mine({ task: large, candidates: parted }, options)).toEqual(await mine({ task: large, candidates: whole }, options));
    expect(asked.splice(0)).toEqual([part]);
  }
  const deep: MiningOptions = { range: [0, 2 ** 29] };
  await expect(mine({ task: large, candidates: whole }, deep)).rejects.toMatchObject({ code: "E_OPTION", place: "mining range" });
  expect((await mine({ task: large, candidates: parted }, deep)).mined).toHaveLength(3);
  expect(expectRoom(large, deep).depth).toBe(2 ** 29 + 1);
  expect(() => expectRoom({ ...large, maxPositives: 2 ** 30 }, deep)).toThrow("has 1073741824 positives");
  const hub = { ...large, queries: Array.from({ length: 1000 }, () => large.queries[0]), maxPositives: 2 ** 20 };
  expect(() => expectRoom(hub, {})).toThrow('row 1, "q", has 1048576 positives, and every query is ranked past as many');
});

test("however many candidates a query has: texts and vectors of some queries at a time", async () => {
  const documents = Array.from({ length: 3000 }, (_, i) => `d${i}`);
  const rows = Array.from({ length: 100 }, (_, i) => ({ anchor: `q${i}`, positives: [`d${i}`], negatives: [] }));
  const task = await miningTaskOf(rows, memoryCorpus(documents));
  const candidates = sourceOf(rows.map((_, query) => documents.map((_, document) => ((document * 37 + query) % 3000) / 3000)));
  const gathered: number[] = [];
  const memory = memoryVectors(
    Float32Array.from(documents, (_, i) => i % 7),
    1,
  );
  const vectors = {
    queries: new Float32Array(100),
    documents: { ...memory, gather: (wanted: ArrayLike<number>) => (gathered.push(wanted.length), memory.gather(wanted)) },
  };
  const rescored: number[] = [];
  const { mined } = await mine(
    { task, candidates, vectors, rescore: async (pairs) => (rescored.push(pairs.length), pairs.map(({ document }) => document.length)) },
    { range: [0, 2999], nearDuplicate: 1 },
  );
  expect([...gathered, ...rescored].every((count) => count <= 2 ** 16 + 128)).toBe(true);
  expect(gathered.length).toBe(5);
  expect(mined.map(({ positiveScores }) => positiveScores.buffer.byteLength)).toEqual(rows.map(() => 4));
});

test("more positives than a function takes arguments", async () => {
  const positives = Array.from({ length: 200_000 }, (_, i) => `p${i}`);
  const task = await miningTaskOf([{ anchor: "q", positives, negatives: [] }], memoryCorpus([...positives, "n"]));
  const candidates: CandidateSource = {
    rank: async () => ({ width: 1, documents: Int32Array.of(200_000), scores: Float32Array.of(1) }),
    score: async ({ queries }) => new Float32Array(queries.length).fill(2),
  };
  const vectors = {
    queries: new Float32Array(1),
    documents: memoryVectors(new Float32Array(200_001).fill(-1, 200_000).fill(1, 0, 200_000), 1),
  };
  const { mined } = await mine({ task, candidates, vectors }, { nearDuplicate: 0.5 });
  expect(mined[0].negatives).toEqual([{ document: 200_000, score: 1 }]);
});

describe("properties", () => {
  const score = fc.integer({ min: -64, max: 64 }).map((value) => value / 64);
  const worlds = fc.integer({ min: 2, max: 25 }).chain((size) =>
    fc.record({
      scores: fc.array(fc.array(score, { minLength: size, maxLength: size }), { minLength: 1, maxLength: 6 }),
      positives: fc.array(fc.uniqueArray(fc.nat(size - 1), { minLength: 1, maxLength: 3 }), { minLength: 6, maxLength: 6 }),
      ownText: fc.nat(size - 1), // the first query has the text of this document
    }),
  );
  const maybe = (value: fc.Arbitrary<number>) => fc.option(value, { nil: undefined });
  const choices: fc.Arbitrary<MiningOptions> = fc.record({
    negatives: fc.integer({ min: 1, max: 6 }),
    semantics: fc.constantFrom("sentence-transformers" as const, "flagembedding" as const),
    sampling: fc.constantFrom("top" as const, "random" as const),
    range: fc.tuple(fc.nat(5), fc.integer({ min: 6, max: 30 })),
    absoluteMargin: maybe(fc.integer({ min: 0, max: 32 }).map((value) => value / 64)),
    relativeMargin: maybe(fc.constantFrom(0, 0.25, 0.5)),
    maxScore: maybe(score),
    minScore: maybe(score),
    perDocument: maybe(fc.integer({ min: 1, max: 3 })),
    seed: fc.nat(3),
  });

  async function build({ scores, positives, ownText }: { scores: number[][]; positives: number[][]; ownText: number }): Promise<World> {
    const documents = scores[0].map((_, i) => `document ${i}`);
    const rows = scores.map((_, query) => ({
      anchor: query === 0 ? documents[ownText].toUpperCase() : `query ${query}`,
      positives: positives[query].map((document) => documents[document]),
      negatives: [],
    }));
    return { task: await miningTaskOf(rows, memoryCorpus(documents)), scores };
  }

  const mineAll = ({ task, scores }: World, options: MiningOptions) => mine({ task, candidates: sourceOf(scores) }, options);

  test("negatives are distinct, wanted, within limits, no positive, not the query; twice the same", async () => {
    await fc.assert(
      fc.asyncProperty(worlds, choices, async (drawn, options) => {
        const { task, scores } = await build(drawn);
        const { mined, report } = await mineAll({ task, scores }, options);
        const uses = new Map<number, number>();
        for (const { query, negatives, positiveScores } of mined) {
          const documents = negatives.map(({ document }) => document);
          const lowest = Math.min(...positiveScores);
          expect(new Set(documents).size).toBe(documents.length);
          expect(documents.length).toBeLessThanOrEqual(options.negatives!);
          for (const { document, score: own } of negatives) {
            uses.set(document, (uses.get(document) ?? 0) + 1);
            expect(own).toBe(scores[query][document]);
            expect(drawn.positives[query]).not.toContain(document);
            if (query === 0) expect(document).not.toBe(drawn.ownText);
            expect(own).toBeLessThanOrEqual(options.maxScore ?? Infinity);
            expect(own).toBeGreaterThanOrEqual(options.minScore ?? -Infinity);
            if (options.absoluteMargin !== undefined) expect(own).toBeLessThanOrEqual(lowest - options.absoluteMargin);
            if (options.relativeMargin !== undefined) expect(own).toBeLessThanOrEqual(lowest - Math.abs(lowest) * options.relativeMargin);
          }
        }
        expect(Math.max(0, ...uses.values())).toBeLessThanOrEqual(options.perDocument ?? Infinity);
        expect(report.negatives).toBe(mined.reduce((sum, { negatives }) => sum + negatives.length, 0));
        expect(report.margins.counts.reduce((sum, count) => sum + count, 0)).toBe(report.negatives);
        expect((await mineAll({ task, scores }, options)).mined).toEqual(mined);
      }),
      { numRuns: 150 },
    );
  });

  test("without a cap, a query's negatives do not depend on the other queries", async () => {
    await fc.assert(
      fc.asyncProperty(worlds, choices, async (drawn, options) => {
        const open = { ...options, perDocument: undefined, semantics: "flagembedding" as const };
        const all = await mineAll(await build(drawn), open);
        const alone = await mineAll(await build({ ...drawn, scores: drawn.scores.slice(0, 1) }), open);
        expect(all.mined[0]).toEqual(alone.mined[0]);
      }),
      { numRuns: 50 },
    );
  });

  test("random takes from what top would take with enough room", async () => {
    await fc.assert(
      fc.asyncProperty(worlds, choices, async (drawn, options) => {
        const built = await build(drawn);
        const open = { ...options, perDocument: undefined };
        const random = await mineAll(built, { ...open, sampling: "random" });
        const everything = await mineAll(built, { ...open, sampling: "top", negatives: 100 });
        for (const [query, { negatives }] of random.mined.entries()) {
          expect(everything.mined[query].negatives).toEqual(expect.arrayContaining([...negatives]));
        }
      }),
      { numRuns: 50 },
    );
  });
});
