import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createRegistry, silentLog } from "@attune/core";
import type { Context } from "@attune/core";
import { createNodeFiles } from "@attune/files-node";
import { structuredVectors, testIndex } from "@attune/testing";
import { load } from "sqlite-vec";
import { afterAll, expect, test, vi } from "vitest";
import { sqliteIndex } from "./index.ts";
import { createSqliteIndex } from "./sqlite-index.ts";

const folder = mkdtempSync(join(tmpdir(), "attune-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const files = createNodeFiles();
let made = 0;

testIndex({
  plugin: sqliteIndex,
  files,
  metrics: ["cosine"],
  options: { memory: () => ({}), file: () => ({ path: join(folder, `${made++}.db`) }) },
});

const context = { registry: createRegistry(), files, log: silentLog, signal: new AbortController().signal } as Context;
const open = (path: string, more: object = {}) => sqliteIndex.create({ metric: "cosine", table: "vectors", path, ...more }, context);

test("a file keeps what was added, without save", async () => {
  const path = join(folder, "kept.db");
  {
    await using index = await open(path);
    await index.add(Uint32Array.of(7, 9), Float32Array.of(1, 0, 0, 1));
  }
  await using index = await open(path);
  expect(await index.size()).toBe(2);
  expect([...(await index.search(Float32Array.of(0, 2), 1)).ids]).toEqual([9]);
  await expect(index.add(Uint32Array.of(1), Float32Array.of(1, 2, 3))).rejects.toMatchObject({ code: "E_VECTORS" });
});

test("more places than sqlite-vec gives", async () => {
  await using index = await open(join(folder, "many.db"));
  const count = 4200;
  const vectors = Float32Array.from({ length: count * 2 }, (_, i) => (i % 2 ? Math.sin(i) : Math.cos(i - 1)));
  await index.add(
    Uint32Array.from({ length: count }, (_, i) => i),
    vectors,
  );
  const hits = await index.search(Float32Array.of(1, 0), count);
  expect([hits.width, new Set(hits.ids).size]).toEqual([count, count]);
  expect((await index.search(Float32Array.of(1, 0), 4100, { filter: (id) => id < 5 })).ids.slice(0, 6)).toContain(0xffffffff);
});

test("a file that is no database is closed again", async () => {
  const close = vi.spyOn(DatabaseSync.prototype, "close");
  const path = join(folder, "text.db");
  writeFileSync(path, "this is no database, and long enough to be seen as none by its first bytes ".repeat(20));
  await expect(open(path)).rejects.toMatchObject({ code: "E_INDEX_FILE" });
  expect(close).toHaveBeenCalledOnce();
  close.mockRestore();
  await expect(open(join(folder, "none", "x.db"))).rejects.toMatchObject({ code: "E_INDEX_FILE" });
});

test("vectors of zeros take nobody's place, whoever brought them, and however they went", async () => {
  const table = structuredVectors({ dimension: 16 });
  const queries = table.rows(1 << 20, 20);
  const right = await (async () => {
    await using index = await open(join(folder, "no zeros.db"));
    await index.add(idsFrom(3, 3000), table.rows(3, 3000));
    return index.search(queries, 10);
  })();
  for (const own of [true, false]) {
    const path = join(folder, `zeros ${own}.db`);
    await using index = await open(path);
    await using other = await open(path);
    const bringer = own ? index : other;
    await index.add(idsFrom(5000, 1), table.rows(5000, 1));
    await index.search(queries, 10);
    await bringer.add(idsFrom(0, 3), new Float32Array(3 * 16));
    await bringer.add(idsFrom(3, 3000), table.rows(3, 3000));
    await index.delete(Uint32Array.of(5000));
    const hits = await index.search(queries, 10);
    expect(hits.ids).toEqual(right.ids);
    await index.save(join(folder, `zeros ${own}`));
    await bringer.delete(idsFrom(0, 3));
    expect(await index.search(queries, 10)).toEqual(right);
    await index.load(join(folder, `zeros ${own}`));
    for (const one of [index, other]) expect(await one.search(queries, 10)).toEqual(hits);
  }
});

/** What another program does with a database. */
function sql(path: string, statements: string): object[] {
  using database = new DatabaseSync(path);
  const parts = statements.split(";");
  database.exec(parts.slice(0, -1).join(";"));
  return database.prepare(parts.at(-1)!).all();
}

test("of several tables in a file one is saved, and one is replaced", async () => {
  const [path, saved] = [join(folder, "two.db"), join(folder, "two")];
  sql(path, "CREATE TABLE notes (text); INSERT INTO notes VALUES ('private'); SELECT 1");
  await using a = await open(path, { table: "a" });
  await a.add(Uint32Array.of(1, 2, 3), Float32Array.of(1, 0, 0, 1, 1, 1));
  await using b = await open(path, { table: "b" });
  await b.add(Uint32Array.of(77), Float32Array.of(-1, 0));
  await b.save(saved);
  expect(readdirSync(saved)).toEqual(["index.json", "save-1.sqlite"]);
  expect(sql(join(saved, "save-1.sqlite"), "SELECT name FROM sqlite_master WHERE name IN ('a', 'b', 'notes', 'vectors')")).toEqual([
    { name: "vectors" },
  ]);
  await b.add(Uint32Array.of(78), Float32Array.of(0, 1));
  await b.load(saved);
  await using c = await open(join(folder, "other.db"), { table: "c" });
  await c.load(saved);
  for (const index of [b, c]) expect([...(await index.search(Float32Array.of(-1, 0), 5)).ids]).toEqual([77]);
  expect([await a.size(), sql(path, "SELECT * FROM notes")]).toEqual([3, [{ text: "private" }]]);
});

test("a saved database that does not hold what its manifest says: E_INDEX_FILE, and what was there stays", async () => {
  const saved = join(folder, "short");
  const path = join(saved, "index.json");
  await using index = await open(join(folder, "short.db"));
  await index.add(Uint32Array.of(1, 2), Float32Array.of(1, 0, 0, 1));
  await index.save(saved);
  writeFileSync(path, readFileSync(path, "utf8").replace('"size": 2', '"size": 3'));
  await expect(index.load(saved)).rejects.toMatchObject({
    code: "E_INDEX_FILE",
    problem: "expected 3 vectors of 2 dimensions, got 2 vectors of 2 dimensions",
  });
  expect(await index.size()).toBe(2);
});

test.each([
  ["a table", "CREATE TABLE Vectors (id INTEGER PRIMARY KEY, vector)", "(1, 'mine')"],
  ["an empty table", "CREATE TABLE vectors (name, note)", undefined],
  ["a view", "CREATE TABLE mine (id, vector); CREATE VIEW vectors AS SELECT * FROM mine", undefined],
])("%s that somebody else made is neither filled nor dropped", async (name, made, row) => {
  const [path, saved] = [join(folder, `${name}.db`), join(folder, `${name} saved`)];
  await using other = await open(join(folder, `${name} other.db`));
  await other.add(Uint32Array.of(5), Float32Array.of(1, 0));
  await other.save(saved);
  const content = "SELECT sql FROM sqlite_master UNION ALL SELECT count(*) FROM vectors";
  const before = sql(path, `${made}; ${row ? `INSERT INTO vectors VALUES ${row};` : ""} ${content}`);
  await using index = await open(path);
  await using asked = await open(path, { dimension: 2 }); // asks for no width before it writes
  const vector = Float32Array.of(1, 0);
  const calls = [
    () => index.size(),
    () => index.search(vector, 1),
    () => index.delete(Uint32Array.of(1)),
    () => index.save(join(folder, "none")),
    ...[index, asked].flatMap((one) => [() => one.add(Uint32Array.of(1), vector), () => one.load(saved)]),
  ];
  for (const call of calls) {
    await expect(call()).rejects.toMatchObject({
      code: "E_OPTION",
      sentence: expect.stringContaining("index sqlite table vectors is a table that attune did not make"),
      hint: "name another table",
    });
  }
  expect(sql(path, content)).toEqual(before);
});

test("vectors of another width: refused while there are some, welcome when there are none", async () => {
  const path = join(folder, "width.db");
  await using index = await open(path);
  await index.add(Uint32Array.of(1), Float32Array.of(1, 0));
  await using wider = await open(path, { dimension: 3 });
  const add = () => wider.add(Uint32Array.of(3), Float32Array.of(0, 3, 0));
  for (const call of [add, () => wider.search(Float32Array.of(0, 1, 0), 1)])
    await expect(call()).rejects.toMatchObject({
      code: "E_OPTION",
      place: "index sqlite dimension",
      problem: "expected 2, as its vectors have, got 3",
    });
  expect(await index.delete(Uint32Array.of(1))).toBe(1);
  await add();
  expect([...(await wider.search(Float32Array.of(0, 1, 0), 5)).ids]).toEqual([3]);
});

test("what a killed save left is in nobody's way", async () => {
  const saved = join(folder, "killed");
  await using index = await open(join(folder, "killed.db"));
  await index.add(Uint32Array.of(1), Float32Array.of(1, 0));
  mkdirSync(saved);
  for (const name of ["save-1.sqlite", "save-1.sqlite-journal"]) writeFileSync(join(saved, name), "half");
  await index.save(saved);
  expect(readdirSync(saved)).toEqual(["index.json", "save-1.sqlite"]);
});

test("what SQLite refuses is a sentence with its reason", async () => {
  const [path, saved] = [join(folder, "refused.db"), join(folder, "refused")];
  sql(path, "CREATE TABLE other_info (note); SELECT 1"); // a name that sqlite-vec needs for itself
  await using index = await open(path);
  await using other = await open(path, { table: "other" });
  const vector = Float32Array.of(1, 0);
  await expect(other.add(Uint32Array.of(1), vector)).rejects.toMatchObject({
    code: "E_INDEX_FILE",
    sentence: expect.stringMatching(/refused\.db cannot be read or written: .*"other_info" already exists/),
  });
  await index.add(Uint32Array.of(1), vector);
  sql(path, "DROP TABLE vectors_vector_chunks00; SELECT 1");
  await expect(index.save(saved)).rejects.toMatchObject({ code: "E_INDEX_FILE", place: join(saved, "save-1.sqlite") });
});

/** Vectors [count 2], all different. */
const around = (count: number): Float32Array =>
  Float32Array.from({ length: count * 2 }, (_, i) => (i % 2 ? Math.sin((i - 1) / count) : Math.cos(i / count)));
const idsFrom = (start: number, count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => start + i);

test("an add that fails half way adds nothing and replaces nothing", async () => {
  const database = new DatabaseSync(":memory:", { allowExtension: true });
  load(database);
  await using index = createSqliteIndex({ database, files, options: { table: "vectors" } });
  const table = structuredVectors({ dimension: 64 });
  await index.add(Uint32Array.of(1, 2), table.rows(1, 2));
  const { page_count } = database.prepare("PRAGMA page_count").get() as { page_count: number };
  database.exec(`PRAGMA max_page_count = ${page_count + 200}`); // a disk with room for 3,000 vectors
  await expect(index.add(idsFrom(0, 6000), table.rows(9000, 6000))).rejects.toMatchObject({ code: "E_INDEX_FILE" });
  const { ids } = await index.search(table.rows(1, 2), 2);
  expect([await index.size(), ids[0], ids[2]]).toEqual([2, 1, 2]);
  database.exec("PRAGMA max_page_count = 100000");
  await index.add(idsFrom(0, 6000), table.rows(9000, 6000));
  expect(await index.size()).toBe(6000);
});

test("what another connection adds just before a save is in it", async () => {
  const [path, saved] = [join(folder, "saved-beside.db"), join(folder, "saved beside")];
  await using other = await open(path);
  const beside = {
    ...files,
    makeFolder: async (name: string) => (await other.add(Uint32Array.of(3), Float32Array.of(1, 1)), files.makeFolder(name)),
  };
  await using index = await sqliteIndex.create({ metric: "cosine", table: "vectors", path }, { ...context, files: beside });
  await index.add(Uint32Array.of(1, 2), Float32Array.of(1, 0, 0, 1));
  await index.save(saved);
  await using loaded = await open(join(folder, "loaded-beside.db"));
  await loaded.load(saved);
  expect(await loaded.size()).toBe(3);
});

test("a change waits until another program has written, and holds up nothing meanwhile", async () => {
  const path = join(folder, "locked.db");
  await using index = await open(path);
  await index.add(Uint32Array.of(1), Float32Array.of(1, 0));
  using other = new DatabaseSync(path);
  for (const change of [() => index.add(Uint32Array.of(2), Float32Array.of(0, 1)), () => index.delete(Uint32Array.of(1))]) {
    other.exec("BEGIN IMMEDIATE");
    setTimeout(() => other.exec("COMMIT"), 100); // never runs while SQLite itself waits
    await change();
  }
  expect([...(await index.search(Float32Array.of(1, 0), 5)).ids]).toEqual([2]);
});

test("two indexes over tables of one file fill them at the same time", async () => {
  const path = join(folder, "both.db");
  await using a = await open(path, { table: "a" });
  await using b = await open(path, { table: "b" });
  await Promise.all([a.add(idsFrom(0, 5000), around(5000)), b.add(idsFrom(0, 4000), around(4000))]);
  expect([await a.size(), await b.size()]).toEqual([5000, 4000]);
});
