// What the checks of indexes share: an index with options, vectors to fill it with, and the right answers by sorting all scores.

import { parseOptions, silentLog, createRegistry } from "@attune/core";
import type { AttuneError, Context, Files, Plugin } from "@attune/core";
import { NO_ID } from "@attune/search";
import type { Hits, Metric, VectorIndex } from "@attune/search";
import { createReferenceBackend } from "@attune/tensor";
import { expect } from "vitest";
import { structuredVectors } from "../structured-vectors.ts";

/** A plugin with one set of options. */
export interface IndexSubject {
  readonly plugin: Plugin<"index">;
  readonly metric: Metric;
  readonly files: Files;
  /** Options of a new index that is empty and shares nothing with others. */
  fresh(): object;
  /** Share of the ten best that a search must find. */
  readonly recall: number;
  /** How far a score may be from the true one. */
  readonly tolerance: number;
  /** An empty folder for one check. */
  folder(): string;
}

/** D of the checks. */
export const D = 48;
export const table = structuredVectors({ dimension: D });
export const QUERIES = 40;
/** Their rows are far from those that are put in. */
export const queries = table.rows(1 << 20, QUERIES);

/** Row numbers from `start` as ids. */
export const idsFrom = (start: number, count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => start + i);

/** An index as a user gets it. */
export async function open({ plugin, metric, files, fresh }: IndexSubject, more: object = {}): Promise<VectorIndex> {
  const context: Context = {
    registry: createRegistry(),
    backend: createReferenceBackend(),
    files,
    workers: { start: () => Promise.reject(new Error("indexes start no workers")) } as never,
    log: silentLog,
    signal: new AbortController().signal,
  };
  return plugin.create(parseOptions(plugin.options, { metric, ...fresh(), ...more }, `index ${plugin.name}`) as never, context);
}

/** An index with rows 0 to `count` of the table, by their numbers. */
export async function filled(subject: IndexSubject, count: number): Promise<VectorIndex> {
  const index = await open(subject);
  await index.add(idsFrom(0, count), table.rows(0, count));
  return index;
}

const firstRows = table.rows(0, 1300);

/** Row `i` of the table. */
export const row = (i: number): Float32Array => ((i + 1) * D <= firstRows.length ? firstRows.slice(i * D, (i + 1) * D) : table.rows(i, 1));

/** The score of two vectors under a metric. */
export function scoreOf(metric: Metric, a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array): number => {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
    return sum;
  };
  const norms = Math.sqrt(dot(a, a) * dot(b, b));
  return metric === "ip" ? dot(a, b) : norms > 0 ? dot(a, b) / norms : 0;
}

/** The `k` best of `ids` for a query by sorting all scores; row `i` of the table is the vector of id `i`. */
export function bestOf(query: Float32Array, ids: readonly number[], k: number): number[] {
  const scores = new Map(ids.map((id) => [id, scoreOf("ip", query, row(id))]));
  return ids.toSorted((a, b) => scores.get(b)! - scores.get(a)! || a - b).slice(0, k);
}

/** The ids of one query that are there, and that nothing stands after the last one. */
export function found({ width, ids, scores }: Hits, query = 0): number[] {
  const own = [...ids.subarray(query * width, (query + 1) * width)];
  const end = own.indexOf(NO_ID);
  const there = end < 0 ? own : own.slice(0, end);
  expect(own.slice(there.length).every((id) => id === NO_ID)).toBe(true);
  expect([...scores.subarray(query * width + there.length, (query + 1) * width)].every((score) => score === -Infinity)).toBe(true);
  return there;
}

/** Runs a check with an index that is closed afterwards. */
export async function using<T>(index: Promise<VectorIndex>, check: (index: VectorIndex) => Promise<T>): Promise<T> {
  await using one = await index;
  return await check(one);
}

/** Asserts that a call fails with a code, in a sentence that names what is wrong. */
export async function expectCode(work: Promise<unknown>, code: string): Promise<void> {
  const error: AttuneError = await work.then(
    () => expect.fail(`expected ${code}, got no error`),
    (reason: AttuneError) => reason,
  );
  expect({ code: error.code, says: error.sentence?.length > 0 }, String(error)).toEqual({ code, says: true });
}
