// Indexes side by side on structured vectors (32 hidden dimensions and noise in 384): build and query times, recall@10 against exact search, memory and
// size on disk. Each is measured in a process of its own; with --python, FAISS flat and hnswlib too, on the same vectors. Beside the time by the clock stands
// that of all threads, which other work on the machine disturbs less.
//
//   node benchmarks/search/indexes.ts [--rows 100000] [--queries 1000] [--only exact,hnsw] [--python PATH] [--folder DIR]

import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  closeSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
  readdirSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createCpuBackend } from "@attune/backend-cpu";
import { createRegistry, silentLog } from "@attune/core";
import { createNodeFiles } from "@attune/files-node";
import { hnswIndex } from "@attune/index-hnsw";
import { pgvectorIndex } from "@attune/index-pgvector";
import { sqliteIndex } from "@attune/index-sqlite";
import { usearchIndex } from "@attune/index-usearch";
import { exactIndexPlugin } from "@attune/search";
import { structuredVectors } from "@attune/testing";

const D = 384;
const K = 10;
const PIECE = 10_000;

/** What is measured: an index and options beside its defaults. */
const configurations: Readonly<Record<string, readonly [index: string, options: object]>> = {
  exact: ["exact", {}],
  "exact f16": ["exact", { stored: "f16" }],
  hnsw: ["hnsw", {}],
  usearch: ["usearch", {}],
  "usearch f32": ["usearch", { stored: "f32" }],
  "usearch i8": ["usearch", { stored: "i8" }],
  "usearch binary": ["usearch", { stored: "binary" }],
  "usearch, all threads": ["usearch", { addThreads: 0 }],
  sqlite: ["sqlite", {}],
  pgvector: ["pgvector", {}],
};

/** By the clock, and of all threads together. */
interface Spent {
  readonly clock: number;
  readonly threads: number;
}

interface Measured {
  readonly name: string;
  /** Seconds. */
  readonly build: Spent;
  /** Milliseconds of a query, in one call with all of them. */
  readonly query: Spent;
  readonly recall: number;
  /** MiB beyond what the process had before. */
  readonly memory: number;
  readonly disk: number;
}

const { values: flags } = parseArgs({
  options: {
    rows: { type: "string", default: "100000" },
    queries: { type: "string", default: "1000" },
    only: { type: "string" },
    python: { type: "string" },
    folder: { type: "string" },
    one: { type: "string" },
  },
});
const [rows, queryCount] = [Number(flags.rows), Number(flags.queries)];

const megabytes = (bytes: number): number => bytes / 2 ** 20;

function readVectors(path: string, start: number, count: number): Float32Array {
  const vectors = new Float32Array(count * D);
  const file = openSync(path, "r");
  readSync(file, new Uint8Array(vectors.buffer), 0, vectors.byteLength, start * D * 4);
  closeSync(file);
  return vectors;
}

/** Whether a file of an earlier run holds so many numbers: one of other rows or queries would make every recall wrong. */
const holds = (folder: string, name: string, numbers: number): boolean =>
  statSync(join(folder, name), { throwIfNoEntry: false })?.size === 4 * numbers;

/** Base vectors, queries, and the true ids, as raw files; what an earlier run made is used again. */
async function prepare(folder: string): Promise<void> {
  if (holds(folder, "base.f32", rows * D) && holds(folder, "queries.f32", queryCount * D) && holds(folder, "truth.u32", queryCount * K))
    return;
  mkdirSync(folder, { recursive: true });
  const table = structuredVectors({ dimension: D });
  const file = openSync(join(folder, "base.f32"), "w");
  for (let start = 0; start < rows; start += PIECE)
    writeSync(file, new Uint8Array(table.rows(start, Math.min(PIECE, rows - start)).buffer));
  closeSync(file);
  const queries = table.rows(1 << 30, queryCount);
  writeFileSync(join(folder, "queries.f32"), queries);
  const backend = createCpuBackend();
  const index = await exactIndexPlugin.create({ metric: "cosine", stored: "f32" }, contextOf(backend));
  await fill(index, folder);
  writeFileSync(join(folder, "truth.u32"), (await index.search(queries, K)).ids);
  await index[Symbol.asyncDispose]();
  await backend.dispose();
}

function contextOf(backend: ReturnType<typeof createCpuBackend>) {
  const workers = { start: () => Promise.reject(new Error("indexes start no workers")) };
  return {
    registry: createRegistry(),
    backend,
    files: createNodeFiles(),
    workers: workers as never,
    log: silentLog,
    signal: new AbortController().signal,
  };
}

async function fill(index: { add(ids: Uint32Array, vectors: Float32Array): Promise<void> }, folder: string): Promise<void> {
  for (let start = 0; start < rows; start += PIECE) {
    const count = Math.min(PIECE, rows - start);
    await index.add(
      Uint32Array.from({ length: count }, (_, i) => start + i),
      readVectors(join(folder, "base.f32"), start, count),
    );
  }
}

async function measure(name: string, folder: string): Promise<Measured> {
  const [kind, options] = configurations[name];
  await using registry = createRegistry();
  for (const plugin of [exactIndexPlugin, hnswIndex, usearchIndex, sqliteIndex, pgvectorIndex]) registry.use(plugin);
  const backend = createCpuBackend();
  const before = process.memoryUsage.rss();
  const index = await registry.create("index", kind, options, { ...contextOf(backend), registry });
  const queries = readVectors(join(folder, "queries.f32"), 0, queryCount);
  const build = await spending(async () => {
    await fill(index, folder);
    await index.search(queries.slice(0, D), K); // some build when they are first asked
  });
  globalThis.gc?.();
  const memory = megabytes(process.memoryUsage.rss() - before);
  let query: Spent = { clock: Infinity, threads: Infinity };
  let ids: Uint32Array = new Uint32Array();
  for (let round = 0; round < 2; round++) {
    const spent = await spending(async () => ({ ids } = await index.search(queries, K)));
    const scale = 1000 / queryCount;
    query = { clock: Math.min(query.clock, spent.clock * scale), threads: Math.min(query.threads, spent.threads * scale) };
  }
  const saved = mkdtempSync(join(folder, "saved-"));
  await index.save(saved);
  const disk = megabytes(readdirSync(saved).reduce((sum, file) => sum + statSync(join(saved, file)).size, 0));
  rmSync(saved, { recursive: true });
  return { name, build, query, recall: recallOf(ids, folder), memory, disk };
}

async function spending(work: () => Promise<unknown>): Promise<Spent> {
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { clock: (performance.now() - began) / 1000, threads: (user + system) / 1e6 };
}

function recallOf(ids: Uint32Array, folder: string): number {
  const truth = new Uint32Array(new Uint8Array(readFileSync(join(folder, "truth.u32"))).buffer); // a copy: a Buffer may be a part of another
  let right = 0;
  for (let start = 0; start < truth.length; start += K) {
    const best = new Set(truth.subarray(start, start + K));
    for (const id of ids.subarray(start, start + K)) if (best.has(id)) right++;
  }
  return right / truth.length;
}

function row({ name, build, query, recall, memory, disk }: Measured): string {
  const times = [build.clock.toFixed(1), build.threads.toFixed(1), query.clock.toFixed(3), query.threads.toFixed(3)];
  const cells = [name, ...times, recall.toFixed(3), memory.toFixed(0), disk.toFixed(0)];
  return `| ${cells.join(" | ")} |\n`;
}

const script = fileURLToPath(import.meta.url);
const folder = flags.folder ?? join(tmpdir(), `attune-indexes-${rows}`);
if (flags.one !== undefined) process.stdout.write(`${JSON.stringify(await measure(flags.one, folder))}\n`);
else {
  await prepare(folder);
  process.stdout.write(`${rows} vectors of ${D}, ${queryCount} queries, k ${K}\n\n`);
  process.stdout.write(
    "| index | build s | of all threads | ms per query | of all threads | recall@10 | memory MiB | on disk MiB |\n| --- | --: | --: | --: | --: | --: | --: | --: |\n",
  );
  for (const name of flags.only?.split(",") ?? Object.keys(configurations)) {
    const arguments_ = ["--expose-gc", script, "--one", name, "--folder", folder, "--rows", `${rows}`, "--queries", `${queryCount}`];
    const { stdout, stderr, status, signal } = spawnSync(process.execPath, arguments_, { encoding: "utf8" });
    const line = stdout.trim().split("\n").at(-1) ?? "";
    process.stdout.write(
      status === 0
        ? row(JSON.parse(line) as Measured)
        : `| ${name} | ${stderr.split("\n").find((text) => text.includes("E_")) ?? (stderr.slice(0, 200) || `ended by ${signal}`)} | | | | |\n`,
    );
  }
  if (flags.python !== undefined) {
    const peers = fileURLToPath(new URL("peers.py", import.meta.url));
    const { stdout, stderr } = spawnSync(flags.python, [peers, folder, `${rows}`, `${queryCount}`], { encoding: "utf8" });
    for (const line of stdout.trim().split("\n").filter(Boolean)) process.stdout.write(row(JSON.parse(line) as Measured));
    process.stderr.write(stderr);
  }
}
