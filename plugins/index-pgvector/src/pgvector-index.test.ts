import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRegistry, parseOptions, silentLog } from "@attune/core";
import type { Context, Files, OpenFile } from "@attune/core";
import { createNodeFiles } from "@attune/files-node";
import { structuredVectors, testIndex } from "@attune/testing";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postgresBin, startPostgres } from "../test/postgres.ts";
import type { Postgres } from "../test/postgres.ts";
import { pgvectorIndex } from "./index.ts";

const bin = postgresBin();
const skip =
  bin === undefined ? "no PostgreSQL with pgvector is installed; ATTUNE_POSTGRES_BIN may name the folder of its programs" : undefined;
const files = createNodeFiles();
let server: Postgres;
let tables = 0;

beforeAll(async () => {
  if (bin !== undefined) server = await startPostgres(bin);
}, 60_000);
afterAll(() => server?.stop());
const folder = mkdtempSync(join(tmpdir(), "attune-pgvector-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fresh = (more: object) => (): object => ({ url: server.url, table: `vectors_${tables++}`, ...more });

testIndex({
  plugin: pgvectorIndex,
  files,
  options: { graph: fresh({}) },
  metrics: ["cosine"],
  recall: 0.95,
  skip,
});
testIndex({ plugin: pgvectorIndex, files, options: { "no graph": fresh({ graph: "none" }) }, metrics: ["ip"], skip });

const context = { registry: createRegistry(), files, log: silentLog, signal: new AbortController().signal } as Context;
const open = async (options: object) => pgvectorIndex.create(parseOptions(pgvectorIndex.options, options, "index pgvector"), context);

/** What another program does with the server. */
async function sql(text: string): Promise<object[]> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query<object>(text)).rows;
  } finally {
    await client.end();
  }
}

describe.skipIf(skip !== undefined)(`the server${skip === undefined ? "" : ` (skipped: ${skip})`}`, () => {
  test("keeps what was added, for others, too", async () => {
    const options = { url: server.url, table: "shared" };
    await using first = await open(options);
    await using second = await open(options);
    await first.add(Uint32Array.of(7, 4294967294), Float32Array.of(1, 0, 0, 1));
    expect([...(await second.search(Float32Array.of(0, 2), 2)).ids]).toEqual([4294967294, 7]);
    await expect(second.add(Uint32Array.of(1), Float32Array.of(1, 2, 3))).rejects.toMatchObject({ code: "E_VECTORS" });
  });

  test("a save holds one state of the table, whatever others do meanwhile", async () => {
    const [table, saved] = [`vectors_${tables++}`, join(folder, "one state")];
    await using other = await open({ url: server.url, table });
    const ids = Uint32Array.from({ length: 1200 }, (_, i) => i);
    await other.add(ids, structuredVectors({ dimension: 4 }).rows(0, 1200));
    const changes = [
      () => other.add(Uint32Array.of(5000), Float32Array.of(1, 0, 0, 0)),
      () => other.delete(Uint32Array.of(700, 800)),
      () => other.add(Uint32Array.of(6000), Float32Array.of(1, 0, 0, 0)),
    ];
    const slow = (file: OpenFile): OpenFile =>
      Object.create(file, {
        write: { value: async (...args: [number, Uint8Array]) => (await changes.shift()?.(), file.write(...args)) },
      }) as OpenFile;
    const beside: Files = {
      ...files,
      makeFolder: async (name) => (await changes.shift()?.(), files.makeFolder(name)),
      open: async (path, mode) => (mode === "write" ? slow(await files.open(path, mode)) : files.open(path, mode)),
    };
    const options = parseOptions(pgvectorIndex.options, { url: server.url, table }, "index pgvector");
    await using index = await pgvectorIndex.create(options, { ...context, files: beside });
    await index.save(saved);
    expect([await index.size(), changes.length]).toEqual([1200, 0]);
    await index.load(saved);
    expect([await index.size(), await index.delete(Uint32Array.of(700, 800, 5000, 6000))]).toEqual([1201, 3]);
  });

  test("half precision", async () => {
    await using index = await open({ url: server.url, table: "half", stored: "halfvec" });
    await index.add(Uint32Array.of(1, 2), Float32Array.of(1, 0, 0.6, 0.8));
    const { ids, scores } = await index.search(Float32Array.of(0, 1), 2);
    expect([...ids]).toEqual([2, 1]);
    expect(scores[0]).toBeCloseTo(0.8, 3);
  });

  test.each([
    ["a vector by another name", "id bigint PRIMARY KEY, title text, embedding vector(2)", "id, title, embedding"],
    ["more columns", "id bigint PRIMARY KEY, vector vector(2) NOT NULL, title text", "id, vector, title"],
    ["no key", "id bigint NOT NULL, vector vector(2) NOT NULL", "id, vector"],
    ["vectors of any width", "id bigint PRIMARY KEY, vector vector NOT NULL", "id, vector"],
    ["no columns", "", ""],
  ])("somebody's table is neither filled nor dropped: %s", async (name, columns, names) => {
    const saved = join(folder, name);
    await using other = await open(fresh({})());
    await other.add(Uint32Array.of(5), Float32Array.of(1, 0));
    await other.save(saved);
    const table = `mine_${tables++}`;
    await sql(`CREATE EXTENSION IF NOT EXISTS vector; CREATE TABLE ${table} (${columns})`);
    const values = names.split(", ").map((column) => ({ id: "1", title: "'mine'" })[column] ?? "'[1,2]'");
    await sql(names === "" ? `INSERT INTO ${table} DEFAULT VALUES` : `INSERT INTO ${table} (${names}) VALUES (${values.join()})`);
    const before = await sql(`SELECT * FROM ${table}`);
    await using index = await open({ url: server.url, table });
    const query = Float32Array.of(1, 0);
    const calls = [
      () => index.size(),
      () => index.add(Uint32Array.of(7), query),
      () => index.search(query, 1),
      () => index.delete(Uint32Array.of(1)),
      () => index.save(join(folder, "none")),
      () => index.load(saved),
    ];
    await using asked = await open({ url: server.url, table, dimension: 2 }); // asks for no width before it writes
    for (const call of [...calls, () => asked.add(Uint32Array.of(7), query), () => asked.load(saved)]) {
      await expect(call()).rejects.toMatchObject({
        code: "E_OPTION",
        sentence: expect.stringContaining(`${table} is a table that attune did not make`),
        hint: "name another table",
      });
    }
    expect(await sql(`SELECT * FROM ${table}`)).toEqual(before);
  });

  test("a table of another type or width: refused while it holds vectors, made anew for another width when it is empty", async () => {
    const options = fresh({})();
    {
      await using index = await open(options);
      await index.add(Uint32Array.of(1, 2), Float32Array.of(1, 0, 0, 1));
      await using half = await open({ ...options, stored: "halfvec" });
      await expect(half.size()).rejects.toMatchObject({ code: "E_OPTION", hint: "give stored vector, or name another table" });
      await using wider = await open({ ...options, dimension: 3 });
      await expect(wider.add(Uint32Array.of(3), Float32Array.of(1, 2, 3))).rejects.toMatchObject({
        code: "E_OPTION",
        place: "index pgvector dimension",
        problem: "expected 2, as its vectors have, got 3",
      });
      expect([await index.size(), await index.delete(Uint32Array.of(1, 2))]).toEqual([2, 2]);
    }
    await using wider = await open(options);
    await wider.add(Uint32Array.of(3), Float32Array.of(0, 3, 0));
    expect([...(await wider.search(Float32Array.of(0, 1, 0), 5)).ids]).toEqual([3]);
  });

  test("finds as many as are asked for while the server has not cleaned up what was replaced and deleted", async () => {
    const options = fresh({})();
    await using index = await open(options);
    const table = structuredVectors({ dimension: 16 });
    const ids = Uint32Array.from({ length: 500 }, (_, i) => i);
    const queries = table.rows(1 << 20, 70);
    const expectAll = async (k: number, count: number): Promise<void> => {
      const hits = await index.search(queries, k);
      expect([hits.width, hits.ids.filter((id) => id < 500).length]).toEqual([k, 70 * k]);
      for (let query = 0; query < 70; query++) {
        const own = hits.ids.subarray(query * k, (query + 1) * k);
        expect(new Set(own).size).toBe(k);
        expect([...hits.scores.subarray(query * k, (query + 1) * k)].every((score, i, all) => i === 0 || score <= all[i - 1])).toBe(true);
      }
      expect(await index.size()).toBe(count);
    };
    await index.add(ids, table.rows(0, 500));
    await expectAll(100, 500);
    for (let round = 1; round <= 3; round++) {
      await index.add(ids, table.rows(1000 * round, 500));
      await expectAll(100, 500);
    }
    expect(await index.delete(ids.subarray(0, 450))).toBe(450);
    await expectAll(40, 50);
  });

  test("a graph of other options: refused over vectors, built anew where an emptied table is filled", async () => {
    const options = fresh({})();
    await using index = await open(options);
    const query = Float32Array.of(1, 0);
    await index.add(Uint32Array.of(1, 2), Float32Array.of(1, 0, 0, 1));
    await index.search(query, 1);
    await using denser = await open({ ...options, m: 32 });
    await expect(denser.search(query, 1)).rejects.toMatchObject({
      code: "E_OPTION",
      problem: "has a graph that was built with other options: expected m=32, ef_construction=128, got m=16, ef_construction=128",
    });
    await denser.delete(Uint32Array.of(1, 2));
    await denser.add(Uint32Array.of(3), query);
    expect([...(await denser.search(query, 1)).ids]).toEqual([3]);
  });

  test("goes down: a sentence, then and when it is asked for again; nothing is lost", async () => {
    const own = await startPostgres(bin!);
    await using index = await open({ url: own.url });
    await index.add(Uint32Array.of(1), Float32Array.of(1, 0));
    await own.stop();
    await expect(index.search(Float32Array.of(1, 0), 1)).rejects.toMatchObject({
      code: "E_SERVER",
      sentence: expect.stringContaining("is gone"),
    });
    await expect(open({ url: own.url })).rejects.toMatchObject({ code: "E_SERVER" });
  }, 30_000);
});

test("nobody answers: the server by name without its password, the reason, and what to do", async () => {
  const error = await open({ url: "postgresql://me:secret@127.0.0.1:9/none" }).catch((reason: Error) => reason);
  expect(error).toMatchObject({ code: "E_SERVER", hint: expect.stringContaining("--index.url") });
  expect((error as Error).message).toMatch(/PostgreSQL at 127\.0\.0\.1:9, database none cannot be reached: .*ECONNREFUSED/);
  expect((error as Error).message).not.toContain("secret");
});

test("more numbers than a graph takes", async () => {
  await expect(open({ dimension: 3000 })).rejects.toMatchObject({ code: "E_OPTION", hint: expect.stringContaining("halfvec") });
});
