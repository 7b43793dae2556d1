import { createRegistry, parseOptions, silentLog } from "@attune/core";
import type { Context } from "@attune/core";
import { createNodeFiles } from "@attune/files-node";
import { testIndex } from "@attune/testing";
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

describe.skipIf(skip !== undefined)(`the server${skip === undefined ? "" : ` (skipped: ${skip})`}`, () => {
  test("keeps what was added, for others, too", async () => {
    const options = { url: server.url, table: "shared" };
    await using first = await open(options);
    await using second = await open(options);
    await first.add(Uint32Array.of(7, 4294967294), Float32Array.of(1, 0, 0, 1));
    expect([...(await second.search(Float32Array.of(0, 2), 2)).ids]).toEqual([4294967294, 7]);
    await expect(second.add(Uint32Array.of(1), Float32Array.of(1, 2, 3))).rejects.toMatchObject({ code: "E_VECTORS" });
  });

  test("half precision", async () => {
    await using index = await open({ url: server.url, table: "half", stored: "halfvec" });
    await index.add(Uint32Array.of(1, 2), Float32Array.of(1, 0, 0.6, 0.8));
    const { ids, scores } = await index.search(Float32Array.of(0, 1), 2);
    expect([...ids]).toEqual([2, 1]);
    expect(scores[0]).toBeCloseTo(0.8, 3);
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
