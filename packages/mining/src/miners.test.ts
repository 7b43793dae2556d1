import { setTimeout as wait } from "node:timers/promises";
import { createRandom, createRegistry, silentLog, type Context } from "@attune/core";
import { createNodeFiles } from "@attune/files-node";
import { exactIndexPlugin } from "@attune/search";
import { createReferenceBackend, Engine } from "@attune/tensor";
import { describe, expect, test } from "vitest";
import { engine } from "../test/support.ts";
import { bm25MinerPlugin, createBm25Miner } from "./bm25-miner.ts";
import { memoryCorpus } from "./corpus.ts";
import { createDenseMiner, denseMinerPlugin } from "./dense-miner.ts";
import { givenVectors } from "./given-vectors.ts";
import { mine } from "./mine.ts";
import { candidatesOf, fuseRankings, type Ranking } from "./ranking.ts";
import { miningTaskOf, type MiningTask } from "./task.ts";
import { createUnionMiner, unionMinerPlugin } from "./union-miner.ts";
import { memoryVectors } from "./vectors.ts";

const files = createNodeFiles();

const D = 4;
const normals = (rows: number, site: string): Float32Array => {
  const random = createRandom(1, site);
  return Float32Array.from({ length: rows * D }, () => Math.round(random.normal() * 64) / 64);
};

function fail(): never {
  throw new Error("unreadable");
}

async function taskOf(documents: number, queries: number): Promise<MiningTask> {
  const texts = Array.from({ length: documents }, (_, i) => `document ${i}`);
  const rows = Array.from({ length: queries }, (_, i) => ({ anchor: `query ${i}`, positives: [texts[i]], negatives: [] }));
  return miningTaskOf(rows, memoryCorpus(texts));
}

describe("dense", () => {
  test("a corpus of several ranges: as sorting all scores; scores of pairs agree", async () => {
    const [N, Q, depth] = [40_000, 3, 20]; // two ranges
    const task = await taskOf(N, Q);
    const [queries, corpus] = [normals(Q, "queries"), normals(N, "corpus")];
    const compared: number[] = [];
    const source = await createDenseMiner(engine, { similarity: "dot" }).open({
      task,
      vectors: { queries, documents: memoryVectors(corpus, D) },
      onProgress: (done) => compared.push(done),
    });
    const ranking = await source.rank(depth);
    expect(compared).toEqual([1 << 15, N]);
    const dot = (q: number, n: number): number =>
      Math.fround(Array.from({ length: D }, (_, d) => queries[q * D + d] * corpus[n * D + d]).reduce((a, b) => a + b, 0));
    for (let query = 0; query < Q; query++) {
      const scores = Float64Array.from({ length: N }, (_, n) => dot(query, n));
      const sorted = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b);
      expect([...candidatesOf(ranking, query)]).toEqual(sorted.slice(0, depth));
    }
    const pairs = { queries: Int32Array.of(0, 2, 0, 1), documents: Int32Array.of(39_999, 5, 5, 20_000) };
    expect([...(await source.score(pairs))]).toEqual([dot(0, 39_999), dot(2, 5), dot(0, 5), dot(1, 20_000)]);
  });

  test("a range that cannot be read is the miner's error, also where the search before it goes on", async () => {
    const N = 40_000; // two ranges
    const task = await taskOf(N, 1);
    const whole = memoryVectors(normals(N, "corpus"), D);
    const broken = { ...whole, read: async (start: number, count: number) => (start > 0 ? fail() : whole.read(start, count)) };
    const backend = createReferenceBackend();
    const slow = Object.create(backend, {
      read: { value: async (...slice: Parameters<typeof backend.read>) => (await wait(5), backend.read(...slice)) },
    }) as typeof backend;
    const unheard: unknown[] = [];
    const hear = (error: unknown): unknown => unheard.push(error);
    process.on("unhandledRejection", hear);
    try {
      const source = await createDenseMiner(new Engine(slow)).open({
        task,
        vectors: { queries: normals(1, "queries"), documents: broken },
      });
      await expect(source.rank(2)).rejects.toThrow("unreadable");
      expect(unheard).toEqual([]);
    } finally {
      process.off("unhandledRejection", hear);
    }
  });

  test("cosine does not change the vectors that it was given", async () => {
    const task = await taskOf(3, 1);
    const vectors = {
      queries: Float32Array.of(2, 0, 0, 0),
      documents: memoryVectors(Float32Array.of(9, 9, 0, 0, 1, 0, 0, 0, 0, 5, 0, 0), D),
    };
    const ranking = await (await createDenseMiner(engine).open({ task, vectors })).rank(3);
    expect([...ranking.documents]).toEqual([1, 0, 2]);
    expect(ranking.scores[1]).toBeCloseTo(Math.SQRT1_2, 6);
    expect([...vectors.queries]).toEqual([2, 0, 0, 0]);
  });

  test("near duplicates of a positive are dropped, by any of several positives", async () => {
    const texts = ["p1", "p2", "copy of p2", "other"];
    const task = await miningTaskOf([{ anchor: "q", positives: ["p1", "p2"], negatives: [] }], memoryCorpus(texts));
    const documents = memoryVectors(Float32Array.of(1, 0, 0, 0, 0, 3, 0, 0, 0, 1, 0.1, 0, 0.5, 0.5, 0.5, 0), D);
    const vectors = { queries: Float32Array.of(1, 1, 1, 0), documents };
    const candidates = await createDenseMiner(engine).open({ task, vectors });
    const { mined, report } = await mine({ task, candidates, vectors }, { nearDuplicate: 0.95 });
    expect(mined[0].negatives.map(({ document }) => document)).toEqual([3]);
    expect(report.dropped).toEqual({ positive: 2, "near-duplicate": 1 });
  });

  test("vectors that do not fit are a sentence", async () => {
    const task = await taskOf(3, 2);
    const open = (queries: Float32Array, documents: Float32Array) =>
      createDenseMiner(engine).open({ task, vectors: { queries, documents: memoryVectors(documents, D) } });
    await expect(open(normals(2, "a"), normals(4, "b"))).rejects.toMatchObject({ code: "E_VECTORS", place: "corpus embeddings" });
    await expect(open(normals(3, "a"), normals(3, "b"))).rejects.toMatchObject({ code: "E_VECTORS", place: "query embeddings" });
    await expect(createDenseMiner(engine).open({ task })).rejects.toMatchObject({ code: "E_VECTORS" });
    const source = await open(normals(2, "a").fill(NaN), normals(3, "b"));
    await expect(source.rank(2)).rejects.toMatchObject({ code: "E_NON_FINITE" });
  });
});

describe("embeddings made elsewhere", () => {
  const corpus = memoryCorpus(["a", "b", "c"]);
  const vectors = (rows: number, dimension = D) => memoryVectors(normals((rows * dimension) / D, "given"), dimension);

  test("one query vector per row of the data; the first row of a query counts", async () => {
    const rows = ["q", "r", "q"].map((anchor, i) => ({ anchor, positives: [["a", "b", "c"][i]], negatives: [] }));
    const task = await miningTaskOf(rows, corpus);
    const given = await givenVectors(task, vectors(3), vectors(3));
    expect(given.queries).toEqual(await vectors(3).read(0, 2));
    for (const label of [0, -1]) {
      const second = await miningTaskOf([{ ...rows[0], label }, ...rows.slice(1)], corpus); // says what is no answer
      expect((await givenVectors(second, vectors(3), vectors(3))).queries).toEqual(await vectors(3).read(1, 2));
    }
  });

  test("numbers and widths that differ, a positive that the corpus lacks", async () => {
    const rows = [{ anchor: "q", positives: ["a", "elsewhere"], negatives: [] }];
    const task = await miningTaskOf([{ ...rows[0], positives: ["a"] }], corpus);
    const said = (queries: number, documents: number, dimension = D) => givenVectors(task, vectors(queries, dimension), vectors(documents));
    await expect(said(2, 3)).rejects.toMatchObject({ code: "E_VECTORS", place: "query embeddings", got: "2" });
    await expect(said(1, 4)).rejects.toMatchObject({ code: "E_VECTORS", place: "corpus embeddings", got: "4" });
    await expect(said(1, 3, 8)).rejects.toMatchObject({ code: "E_VECTORS", expected: "4 dimensions, as those of the corpus", got: "8" });
    await expect(givenVectors(await miningTaskOf(rows, corpus), vectors(1), vectors(3))).rejects.toMatchObject({
      code: "E_VECTORS",
      message: expect.stringContaining('lacks 1 of the positives, so they have no vectors; the first is "elsewhere"'),
    });
  });
});

test("BM25 ranks by words and scores positives on the same scale", async () => {
  const documents = ["the red fox runs", "a red barn", "blue whale song", "灯塔 fog", ""];
  const rows = [
    { anchor: "red fox", positives: [documents[0]], negatives: [] },
    { anchor: "nothing in common", positives: [documents[2]], negatives: [] },
  ];
  const task = await miningTaskOf(rows, memoryCorpus(documents));
  const candidates = await createBm25Miner().open({ task });
  const ranking = await candidates.rank(5);
  expect([0, 1].map((query) => [...candidatesOf(ranking, query)])).toEqual([[0, 1], []]);
  const { mined } = await mine({ task, candidates }, { absoluteMargin: 0 });
  expect(mined[0].negatives.map(({ document }) => document)).toEqual([1]);
  expect(mined[0].positiveScores[0]).toBe(ranking.scores[0]);
  expect([...mined[1].positiveScores, ...mined[1].negatives]).toEqual([0]);
  const chinese = await miningTaskOf([{ anchor: "灯塔", positives: ["x"], negatives: [] }], memoryCorpus(["灯塔附近", "灯 塔", "x"]));
  const byPairs = await (await createBm25Miner({ tokenizer: "cjk-bigram" }).open({ task: chinese })).rank(3);
  expect([...candidatesOf(byPairs, 0)]).toEqual([0, 1]);
});

describe("union", () => {
  test("reciprocal rank fusion: what both rank comes first, the rest in turn", () => {
    const ranking = (...documents: number[]): Ranking => ({
      width: 4,
      documents: Int32Array.from({ length: 4 }, (_, i) => documents[i] ?? -1),
      scores: new Float32Array(4),
    });
    expect(fuseRankings([ranking(1, 2, 3, 4), ranking(9, 3)], 0, 4)).toEqual([3, 1, 9, 2]);
    expect(fuseRankings([ranking(), ranking(5, 6)], 0, 1)).toEqual([5]);
  });

  test("documents that only words find are candidates too, with scores of the embeddings", async () => {
    const documents = ["alpha", "beta", "gamma", "query words"];
    const task = await miningTaskOf([{ anchor: "query words here", positives: ["alpha"], negatives: [] }], memoryCorpus(documents));
    const vectors = {
      queries: Float32Array.of(1, 0, 0, 0),
      documents: memoryVectors(Float32Array.of(1, 0, 0, 0, 0.9, 0.1, 0, 0, 0.8, 0.6, 0, 0, 0, 1, 0, 0), D),
    };
    const source = await createUnionMiner(engine).open({ task, vectors });
    const ranking = await source.rank(2);
    expect([...ranking.documents]).toEqual([0, 3]);
    expect([...ranking.scores]).toEqual([1, 0]);
  });
});

test("ranked in parts: the ranking of all queries, whichever miner, from an index that is filled once", async () => {
  const [N, Q] = [60, 7];
  const task = await taskOf(N, Q);
  const vectors = { queries: normals(Q, "queries"), documents: memoryVectors(normals(N, "corpus"), D) };
  let opened = 0;
  const counted: typeof exactIndexPlugin = { ...exactIndexPlugin, create: (...args) => (opened++, exactIndexPlugin.create(...args)) };
  const registry = createRegistry().use(counted).use(denseMinerPlugin);
  const context = { registry, backend: engine.backend, files, log: silentLog, signal: new AbortController().signal } as Context;
  const byIndex = await registry.create("miner", "dense", { index: ["exact", { stored: "f32" }] }, context);
  for (const miner of [createDenseMiner(engine), byIndex, createBm25Miner(), createUnionMiner(engine)]) {
    const compared: number[] = [];
    const source = await miner.open({ task, vectors, onProgress: (done) => compared.push(done) });
    const { width, documents, scores } = await source.rank(9);
    for (const part of [1, 3, 7, 100]) {
      const parts = await Array.fromAsync(source.rankParts!(9, part));
      expect(parts.map((one) => one.documents.length / width)).toEqual(
        Array.from({ length: Math.ceil(Q / part) }, (_, i) => Math.min(part, Q - i * part)),
      );
      expect(parts.flatMap((one) => [...one.documents])).toEqual([...documents]);
      expect(parts.flatMap((one) => [...one.scores])).toEqual([...scores]);
    }
    expect(compared).toEqual(compared.length > 0 ? [60, 8, 17, 25, 34, 42, 51, 60, 20, 40, 60, 60, 60] : []);
  }
  expect(opened).toBe(5);
});

test("a search by words hears a signal while it goes on, and so does the one of the union", async () => {
  const words = Array.from({ length: 60 }, (_, i) => `w${i}`).join(" ");
  const texts = Array.from({ length: 4000 }, (_, i) => `${words} ${i}`);
  const rows = Array.from({ length: 2000 }, (_, i) => ({ anchor: `${words} ${i} ?`, positives: [texts[i]], negatives: [] }));
  const task = await miningTaskOf(rows, memoryCorpus(texts));
  const vectors = { queries: normals(2000, "queries"), documents: memoryVectors(normals(4000, "corpus"), D) };
  for (const miner of [createBm25Miner(), createUnionMiner(engine)]) {
    const controller = new AbortController();
    const source = await miner.open({ task, vectors, signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(source.rank(5)).rejects.toMatchObject({ name: "AbortError" });
  }
});

test("the plugins give the same from options", async () => {
  const registry = createRegistry().use(denseMinerPlugin).use(bm25MinerPlugin).use(unionMinerPlugin);
  const context = { registry, backend: engine.backend, files, log: silentLog, signal: new AbortController().signal } as Context;
  const task = await taskOf(30, 3);
  const vectors = { queries: normals(3, "queries"), documents: memoryVectors(normals(30, "corpus"), D) };
  for (const [name, direct] of [
    ["dense", createDenseMiner(engine)],
    ["bm25", createBm25Miner()],
    ["union", createUnionMiner(engine)],
  ] as const) {
    const miner = await registry.create("miner", name, {}, context);
    expect(miner).toMatchObject({ name, needsVectors: direct.needsVectors });
    expect(await (await miner.open({ task, vectors })).rank(7)).toEqual(await (await direct.open({ task, vectors })).rank(7));
  }
  await expect(registry.create("miner", "bm25", { k2: 1 }, context)).rejects.toMatchObject({ code: "E_OPTION" });
});
