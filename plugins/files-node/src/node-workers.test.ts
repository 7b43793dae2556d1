import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import { AttuneError, joinPath } from "@attune/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNodeWorkers } from "./index.ts";

const core = new URL("../../../packages/core/src/index.ts", import.meta.url).href;
const source = `
import { AttuneError } from ${JSON.stringify(core)};
let inFlight = 0;
export async function handle(request) {
  if (++inFlight > 1) throw new Error("two at a time");
  try {
    await new Promise((done) => setTimeout(done, request.wait ?? 0));
    if (request.fail) throw new AttuneError({ code: "E_TEST", place: "f:3", problem: "is odd", expected: "2", got: "3", hint: "add one" });
    if (request.bug) throw new TypeError("a bug");
    if (request.odd) return { response: () => {} };
    if (request.exit) process.exit(7);
    if (request.stray) { setTimeout(() => { throw new Error("stray"); }); await new Promise(() => {}); }
    if (request.buffer) return { response: new Uint8Array(request.buffer).map((x) => x + 1), transfer: [request.buffer] };
    return { response: request.value };
  } finally { inFlight--; }
}`;

let folder: string;
const workers = createNodeWorkers();
const moduleUrl = (name: string): URL => pathToFileURL(joinPath(folder, name));
const start = () => workers.start<object, unknown>(moduleUrl("echo.mjs"));

beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), "attune-workers-"));
  await writeFile(joinPath(folder, "echo.mjs"), source);
  await writeFile(joinPath(folder, "empty.mjs"), "export const other = 1;");
  await writeFile(joinPath(folder, "broken.mjs"), "throw new Error('broken at load');");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("answers come in order, one request at a time", async () => {
  await using worker = await start();
  const seen: unknown[] = [];
  const calls = [20, 0, 5, 0].map((wait, value) => worker.call({ wait, value }).then((answer) => seen.push(answer)));
  await Promise.all(calls);
  expect(seen).toEqual([0, 1, 2, 3]);
});

test("buffers are transferred there", async () => {
  await using worker = await start();
  const buffer = new Uint8Array([1, 2]).buffer;
  expect(await worker.call({ buffer }, [buffer])).toEqual(new Uint8Array([2, 3]));
  expect(buffer.byteLength).toBe(0);
});

test("an AttuneError keeps its fields, a bug stays an Error, and the thread goes on", async () => {
  await using worker = await start();
  const error = await worker.call({ fail: true }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AttuneError);
  const hint = "add one";
  expect(error).toMatchObject({ code: "E_TEST", place: "f:3", expected: "2", got: "3", hint, sentence: "f:3 is odd: expected 2, got 3" });
  expect((error as Error).message).toBe("E_TEST f:3 is odd: expected 2, got 3. Hint: add one");
  await expect(worker.call({ bug: true })).rejects.toThrow("a bug");
  await expect(worker.call({ odd: true })).rejects.toThrow("could not be cloned");
  await expect(worker.call({ value: () => {} })).rejects.toThrow("could not be cloned");
  expect(await worker.call({ value: 4 })).toBe(4);
});

test.each([
  ["exit", /exit code 7/],
  ["stray", /died: stray/],
])("a thread that dies (%s) rejects what waits and what comes later", async (how, said) => {
  await using worker = await start();
  const calls = [worker.call({ [how]: true }), worker.call({ value: 1 })];
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: "E_WORKER", message: expect.stringMatching(said) });
  await expect(worker.call({ value: 2 })).rejects.toMatchObject({ code: "E_WORKER" });
});

test("disposing rejects what waits, and twice is fine", async () => {
  const worker = await start();
  const call = worker.call({ wait: 10_000 });
  const rejection = call.catch((reason: unknown) => reason);
  await worker[Symbol.asyncDispose]();
  await worker[Symbol.asyncDispose]();
  expect(await rejection).toMatchObject({ code: "E_WORKER", sentence: "echo.mjs was stopped" });
});

test.each([
  ["none.mjs", /could not be loaded/],
  ["empty.mjs", /does not export a function `handle`/],
  ["broken.mjs", /broken at load/],
])("a module that cannot serve: %s", async (name, said) => {
  await expect(workers.start(moduleUrl(name))).rejects.toMatchObject({ code: "E_WORKER", message: expect.stringMatching(said) });
});

test("an idle thread lets the process end, a pending call keeps it", () => {
  const index = new URL("./index.ts", import.meta.url).href;
  const script = `import { createNodeWorkers } from ${JSON.stringify(index)};
    const worker = await createNodeWorkers().start(new URL(${JSON.stringify(moduleUrl("echo.mjs").href)}));
    worker.call({ wait: 50, value: "answered" }).then(console.log);`;
  const { stdout, status, error } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { timeout: 20_000 });
  expect({ stdout: stdout.toString(), status, error }).toEqual({ stdout: "answered\n", status: 0, error: undefined });
});
