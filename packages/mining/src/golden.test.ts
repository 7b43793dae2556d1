import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { collect, engine } from "../test/support.ts";
import { memoryCorpus } from "./corpus.ts";
import { createDenseMiner } from "./dense-miner.ts";
import { mine, type MiningResult } from "./mine.ts";
import type { TaskVectors } from "./miner.ts";
import type { MiningOptions } from "./options.ts";
import { minedRecords, type MinedFormat } from "./records.ts";
import { miningTaskOf, type MiningTask } from "./task.ts";
import { memoryVectors } from "./vectors.ts";

interface PeerOptions {
  readonly num_negatives: number;
  readonly range_min?: number;
  readonly range_max?: number;
  readonly absolute_margin?: number;
  readonly relative_margin?: number;
  readonly max_score?: number;
  readonly min_score?: number;
  readonly include_positives?: boolean;
  readonly output_format: MinedFormat;
  readonly output_scores?: boolean;
}

interface Data {
  readonly corpus: string[];
  readonly corpusEmbeddings: number[][];
  readonly queries: string[];
  readonly queryEmbeddings: number[][];
  readonly positives: number[][];
  readonly cases: { name: string; options: PeerOptions; expected: { columns: string[]; rows: unknown[][] } }[];
}

interface Ranked {
  readonly query: string;
  readonly eligible: number[];
  readonly eligibleCount: number;
  readonly taken: number[];
  readonly missing: number;
}

const golden = <Content>(name: string): Content =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/golden/mining/${name}.json`, import.meta.url), "utf8")) as Content;
const data = golden<Data>("st_mine_hard_negatives");
const ranges = golden<{ cases: { name: string; rangeForSampling: [number, number]; negativeNumber: number; expected: Ranked[] }[] }>(
  "fe_hn_mine",
);

const rows = data.queries.flatMap((anchor, i) =>
  data.positives[i].map((positive) => ({ anchor, positives: [data.corpus[positive]], negatives: [] })),
);
const vectors: TaskVectors = {
  queries: Float32Array.from(data.queryEmbeddings.flat()),
  documents: memoryVectors(Float32Array.from(data.corpusEmbeddings.flat()), data.corpusEmbeddings[0].length),
};

async function mineWith(options: MiningOptions): Promise<MiningResult> {
  const task: MiningTask = await miningTaskOf(rows, memoryCorpus(data.corpus));
  const candidates = await createDenseMiner(engine).open({ task, vectors });
  return mine({ task, candidates }, options);
}

function ours(peer: PeerOptions): MiningOptions {
  return {
    negatives: peer.num_negatives,
    range: peer.range_min === undefined && peer.range_max === undefined ? undefined : [peer.range_min ?? 0, peer.range_max],
    absoluteMargin: peer.absolute_margin,
    relativeMargin: peer.relative_margin,
    maxScore: peer.max_score,
    minScore: peer.min_score,
    includePositives: peer.include_positives,
    keepQueryText: true,
  };
}

async function rowsOf(result: MiningResult, { output_format: format, output_scores: scores = false }: PeerOptions): Promise<unknown[][]> {
  return (await collect(minedRecords(result, { format, scores }))).map((record) => Object.values(record));
}

/** Texts and labels equal, scores within 1e-6: the peer's are 32-bit sums in another order. */
function expectRows(rows: unknown[][], expected: unknown[][]): void {
  const scores: number[][] = [rows, expected].map((list) => {
    const found: number[] = [];
    JSON.stringify(list, (_, value: unknown) => (isScore(value) ? found.push(value) : value));
    return found;
  });
  const texts = (list: unknown): string => JSON.stringify(list, (_, value: unknown) => (isScore(value) ? "score" : value));
  expect(texts(rows)).toBe(texts(expected));
  expect(Math.max(0, ...scores[0].map((score, i) => Math.abs(score - scores[1][i])))).toBeLessThan(1e-6);
}

const isScore = (value: unknown): value is number => typeof value === "number" && !Number.isInteger(value);

describe("sentence-transformers' rows", () => {
  test.each(data.cases)("$name", async ({ options, expected }) => {
    const result = await mineWith(ours(options));
    expectRows(await rowsOf(result, options), expected.rows);
    expect(result.task.maxPositives).toBe(3);
    for await (const record of minedRecords(result, { format: options.output_format, scores: options.output_scores })) {
      expect(Object.keys(record)).toEqual(expected.columns);
    }
  });

  test("the query's own text is never a negative, unless it is asked for: only its rows differ", async () => {
    const { options } = data.cases.find(({ name }) => name === "relative_margin")!;
    const strict = await rowsOf(await mineWith({ ...ours(options), keepQueryText: false }), options);
    const peer = await rowsOf(await mineWith(ours(options)), options);
    const others = (list: unknown[][]): unknown[][] => list.filter(([query]) => query !== "d91");
    expect(others(strict)).toEqual(others(peer));
    const own = (list: unknown[][]): unknown => list.find(([query]) => query === "d91")![1];
    expect(own(peer)).toEqual(["d127", "d91", "d187", "d63"]);
    expect(own(strict)).toEqual(["d127", "d187", "d63", "d157"]);
  });
});

describe("FlagEmbedding's rank slices", () => {
  test.each(ranges.cases)("$name", async ({ rangeForSampling: range, negativeNumber, expected }) => {
    const documents = ({ mined }: MiningResult): number[][] => mined.map(({ negatives }) => negatives.map(({ document }) => document));
    const options = { semantics: "flagembedding", range } as const;
    const taken = await mineWith({ ...options, negatives: negativeNumber });
    expect(documents(taken)).toEqual(expected.map((query) => query.taken));
    expect(taken.report.queriesShort).toBe(expected.filter(({ missing }) => missing > 0).length);
    const eligible = await mineWith({ ...options, negatives: 200 });
    expect(documents(eligible).map((list) => [list.slice(0, 40), list.length])).toEqual(
      expected.map((query) => [query.eligible, query.eligibleCount]),
    );
    const random = documents(await mineWith({ ...options, negatives: negativeNumber, sampling: "random" }));
    for (const [query, list] of random.entries()) {
      expect(list).toHaveLength(expected[query].taken.length);
      expect(documents(eligible)[query]).toEqual(expect.arrayContaining(list));
    }
  });
});
