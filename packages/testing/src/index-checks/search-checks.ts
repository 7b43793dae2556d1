// What a search has to find.

import type { VectorIndex } from "@attune/search";
import { NO_ID } from "@attune/search";
import { expect } from "vitest";
import { bestOf, D, expectCode, filled, found, idsFrom, open, queries, QUERIES, row, scoreOf, table, using } from "./subject.ts";
import type { IndexSubject } from "./subject.ts";

const COUNT = 1200;

/** The checks by name. */
export const searchChecks: Readonly<Record<string, (subject: IndexSubject) => Promise<void>>> = {
  "finds what sorting all scores finds, best first, with its score": (subject) =>
    using(filled(subject, COUNT), (index) => checkRecall(subject, index)),
  "the length of vectors counts under ip only": checkLength,
  "equal scores by the lower id": checkTies,
  "a set, a function or a narrow filter finds only what it lets through, and all of that": checkFilters,
  "k beyond the size: everything; k below 1: E_OPTION": checkLargeK,
  "an empty index finds nothing": checkEmpty,
  "queries of another width, NaN in queries, an aborted search": checkBadQueries,
  "vectors of zeros are like nothing, and take nobody's place": checkZeros,
  "a thousand places for a query": checkWide,
};

async function checkRecall({ recall, tolerance, metric }: IndexSubject, index: VectorIndex): Promise<void> {
  const hits = await index.search(queries, 10);
  expect([hits.width, hits.ids.length, hits.scores.length]).toEqual([10, QUERIES * 10, QUERIES * 10]);
  let right = 0;
  for (let query = 0; query < QUERIES; query++) {
    const vector = queries.subarray(query * D, (query + 1) * D);
    const best = bestOf(vector, [...idsFrom(0, COUNT)], 10);
    const ids = found(hits, query);
    expect(new Set(ids).size).toBe(10);
    right += ids.filter((id) => best.includes(id)).length;
    const scores = hits.scores.subarray(query * 10, (query + 1) * 10);
    expect([...scores]).toEqual([...scores].sort((a, b) => b - a));
    for (const [at, id] of ids.entries()) expect(Math.abs(scores[at] - scoreOf(metric, vector, row(id)))).toBeLessThanOrEqual(tolerance);
  }
  expect(right / (QUERIES * 10)).toBeGreaterThanOrEqual(recall);
}

async function checkLength(subject: IndexSubject): Promise<void> {
  const { metric, tolerance } = subject;
  await using(open(subject), async (index) => {
    const lengths = [1, 3, 0.2, 2];
    const vectors = table.rows(0, 4).map((value, i) => value * lengths[Math.floor(i / D)]);
    await index.add(idsFrom(0, 4), vectors);
    const query = row(0).map((value) => value * 5);
    const hits = await index.search(query, 4);
    for (const [at, id] of found(hits).entries()) {
      const wanted = scoreOf(metric, query, vectors.subarray(id * D, (id + 1) * D));
      expect(Math.abs(hits.scores[at] - wanted)).toBeLessThanOrEqual(tolerance * (metric === "ip" ? 15 : 1));
    }
  });
}

async function checkTies(subject: IndexSubject): Promise<void> {
  await using(open(subject), async (index) => {
    const copies = [7, 900, 3, 4294967294, 0, 12];
    const ids = Uint32Array.from([...copies, 50, 51]);
    await index.add(ids, Float32Array.from([...copies.flatMap(() => [...row(5)]), ...row(6), ...row(7)]));
    const hits = await index.search(row(5), 6);
    expect(found(hits)).toEqual([0, 3, 7, 12, 900, 4294967294]);
    expect(new Set(hits.scores).size).toBe(1);
    if (index.capabilities.exact) expect(found(await index.search(row(5), 3))).toEqual([0, 3, 7]);
  });
}

async function checkFilters(subject: IndexSubject): Promise<void> {
  await using(filled(subject, COUNT), async (index) => {
    const query = queries.subarray(0, D);
    const even = (id: number): boolean => id % 2 === 0;
    const evens = [...idsFrom(0, COUNT)].filter(even);
    const best = bestOf(query, evens, 10);
    for (const filter of [even, new Set(evens)]) {
      const ids = found(await index.search(query, 10, { filter }));
      expect(ids).toHaveLength(10);
      expect(ids.every(even)).toBe(true);
      expect(ids.filter((id) => best.includes(id)).length / 10).toBeGreaterThanOrEqual(subject.recall - 0.1);
    }
    const three = new Set([COUNT - 1, 17, 600]);
    const narrow = await index.search(queries.subarray(0, 2 * D), 5, { filter: three });
    expect(narrow.width).toBe(5);
    for (const i of [0, 1]) expect(new Set(found(narrow, i))).toEqual(three);
    expect(found(await index.search(query, 5, { filter: new Set([COUNT + 5]) }))).toEqual([]);
    expect(found(await index.search(query, 5, { filter: () => false }))).toEqual([]);
  });
}

async function checkLargeK(subject: IndexSubject): Promise<void> {
  await using(filled(subject, 30), async (index) => {
    const hits = await index.search(queries.subarray(0, 2 * D), 100);
    expect(hits.width).toBe(30);
    for (const query of [0, 1]) expect(new Set(found(hits, query))).toEqual(new Set(idsFrom(0, 30)));
    for (const k of [0, -1, 1.5, NaN]) await expectCode(index.search(queries, k), "E_OPTION");
  });
}

async function checkEmpty(subject: IndexSubject): Promise<void> {
  await using(open(subject), async (index) => {
    const nothing = { width: 0, ids: new Uint32Array(), scores: new Float32Array() };
    expect(await index.search(queries, 10)).toEqual(nothing);
    expect([await index.size(), await index.delete(idsFrom(0, 3))]).toEqual([0, 0]);
    await index.add(new Uint32Array(), new Float32Array());
    await index.add(idsFrom(0, 2), table.rows(0, 2));
    await index.delete(idsFrom(0, 2));
    expect([await index.size(), await index.search(queries, 10)]).toEqual([0, nothing]);
    await index.add(idsFrom(1, 1), row(1));
    expect(found(await index.search(row(1), 10))).toEqual([1]);
    expect((await index.search(new Float32Array(), 10)).ids).toHaveLength(0);
  });
}

async function checkBadQueries(subject: IndexSubject): Promise<void> {
  await using(filled(subject, 20), async (index) => {
    await expectCode(index.search(queries.subarray(0, D - 1), 3), "E_VECTORS");
    await expectCode(index.search(queries.with(D + 3, NaN), 3), "E_NON_FINITE");
    await expectCode(index.search(queries.with(0, Infinity), 3), "E_NON_FINITE");
    await expect(index.search(queries, 3, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    expect(found(await index.search(row(4), 1))).toEqual([4]);
  });
}

async function checkZeros(subject: IndexSubject): Promise<void> {
  await using(open(subject), async (index) => {
    await index.add(idsFrom(0, 2), Float32Array.from([...new Float32Array(D), ...row(1)]));
    const hits = await index.search(Float32Array.from([...row(1), ...new Float32Array(D)]), 2);
    expect([...hits.ids.subarray(0, 2)]).toEqual([1, 0]);
    expect([...hits.scores].every((score) => Number.isFinite(score))).toBe(true);
    expect(hits.ids.includes(NO_ID)).toBe(false);
    expect(Math.abs(hits.scores[1])).toBeLessThanOrEqual(subject.tolerance);
    await index.add(idsFrom(0, 3), new Float32Array(3 * D));
    await index.add(idsFrom(3, COUNT), table.rows(3, COUNT));
    for (const id of [3, 50, COUNT]) {
      const ids = found(await index.search(row(id), 5));
      expect([ids[0], ids.filter((one) => one < 3)]).toEqual([id, []]);
    }
  });
}

async function checkWide(subject: IndexSubject): Promise<void> {
  await using(filled(subject, COUNT), async (index) => {
    const hits = await index.search(queries.subarray(0, D), 1000);
    const ids = found(hits);
    expect([hits.width, ids.length]).toEqual([1000, 1000]);
    const best = bestOf(queries.subarray(0, D), [...idsFrom(0, COUNT)], 1000);
    expect(ids.filter((id) => best.includes(id)).length / 1000).toBeGreaterThanOrEqual(Math.min(subject.recall, 0.97));
  });
}
