// attune in a page of Chromium: the bundle has nothing of Node in it, and tokenises, encodes, trains and resumes to the bytes that Node gives.

import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAttune, type TrainRequest } from "../../packages/attune/src/index.ts";
import { launchChromium, missingChromium } from "../lib/chromium.ts";
import { root, shown } from "../lib/workspace.ts";
import { bundleForBrowser, type Bundle } from "./bundle.ts";
import type { TestPage } from "./page.ts";

const reason = missingChromium();
const model = join(root, "fixtures", "golden", "st", "bert-mean-legacy");
const texts = ["who found the kettle?", "the Übergrößenträger was found before sunrise.", ""];

const things = ["kettle", "bridge", "harbour", "letter", "robot", "library", "captain", "lamp"];
const rows = things
  .flatMap((thing) =>
    [0, 1, 2, 3].map((i) => ({ anchor: `who found the ${thing} ${i}?`, positive: `the ${thing} number ${i} was found.` })),
  )
  .map((row) => `${JSON.stringify(row)}\n`)
  .join("");

const request = (folder: string, output: string): TrainRequest => ({
  model: `${folder}/model`,
  data: `${folder}/rows.jsonl`,
  output: `${folder}/${output}`,
  batchSize: 4,
  maxSteps: 10,
  epochs: 2,
  learningRate: 1e-3,
  saveSteps: 4,
  eval: false,
  seed: 3,
});

let bundle: Bundle;

beforeAll(async () => {
  bundle = await bundleForBrowser(join(root, "tests", "browser", "page.ts"));
});

test("nothing that a page loads comes from Node", () => {
  const modules = bundle.modules.map(shown);
  expect(modules).toContain("packages/attune/src/browser/index.ts");
  expect(modules.filter((path) => path.includes("/node/") || path.includes("files-node") || path.includes("backend-cpu"))).toEqual([]);
  expect(bundle.code).not.toMatch(/["']node:/);
});

describe.skipIf(reason)(`in Chromium${reason ? ` (skipped: ${reason})` : ""}`, () => {
  let server: Server;
  let browser: Browser;
  let page: Page;
  const node = mkdtempSync(join(tmpdir(), "attune-browser-"));
  const troubles: string[] = [];

  /** Calls a function of the page. */
  const call = <Name extends keyof TestPage>(
    name: Name,
    ...args: Parameters<TestPage[Name]>
  ): Promise<Awaited<ReturnType<TestPage[Name]>>> =>
    page.evaluate(
      ([name, args]) => (globalThis as unknown as { page: Record<string, (...args: unknown[]) => never> }).page[name](...args),
      [name, args] as const,
    );

  beforeAll(async () => {
    server = createServer(({ url }, response) => {
      const answers: Record<string, readonly [type: string, body: string]> = {
        "/": [
          "text/html",
          '<!doctype html><title>attune</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
        ],
        "/page.js": ["text/javascript", bundle.code],
        "/worker.js": ["text/javascript", worker],
      };
      const [type, body] = answers[url ?? ""] ?? ["text/plain", ""];
      response.writeHead(url !== undefined && url in answers ? 200 : 404, { "content-type": type }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await launchChromium();
    page = await browser.newPage();
    page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
    page.on("pageerror", (error) => troubles.push(error.message));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => "page" in globalThis);
    await call("put", filesOf(model, "work/model"));
    await call("put", { "work/rows.jsonl": Buffer.from(rows).toString("base64") });
    writeFileSync(join(node, "rows.jsonl"), rows);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(node, { recursive: true, force: true });
  });

  test("tokenises and encodes as Node does", async () => {
    await using attune = createAttune({ device: "typescript" });
    using loaded = await attune.model(model);
    const expected = (await loaded.encode(texts)).map((vector) => [...vector]);
    expect(await call("encode", "work/model", texts)).toEqual(expected);
  });

  test("ten steps give the losses and the weights of Node, and a stopped training goes on to the same bytes", async () => {
    await using attune = createAttune({ device: "typescript" });
    const run = attune.train({ ...request(node, "out"), model });
    const losses: number[] = [];
    for await (const event of run) if (event.type === "step") losses.push(event.loss);
    expect(losses).toHaveLength(10);
    const expected = sha256(readFileSync(join(node, "out", "model.safetensors")));

    const straight = await call("train", request("work", "out"));
    expect(straight).toEqual({ losses, status: "done", savedDifference: 0 });
    expect(await call("sha256", "work/out/model.safetensors")).toBe(expected);

    const stopped = await call("train", request("work", "halted"), 5);
    expect(stopped.status).toBe("stopped");
    expect((await call("list", "work/halted")).filter((name) => name.startsWith("checkpoint-"))).toHaveLength(1);
    const resumed = await call("train", { ...request("work", "halted"), resume: true });
    expect([...stopped.losses, ...resumed.losses]).toEqual(losses);
    expect(await call("sha256", "work/halted/model.safetensors")).toBe(expected);
    expect(await call("list", "work/halted")).toContain("report.html");
  });

  test("files of the origin keep the contract of Files", async () => {
    expect(await call("withFiles", filesContract)).toEqual({
      missing: "undefined",
      readMissing: expect.stringMatching(/^E_NO_FILE: .*nothing\/here does not exist/),
      noFolder: expect.stringMatching(/^E_FILE: .*its folder does not exist/),
      notUtf8: expect.stringMatching(/^E_FILE: .*is not valid UTF-8/),
      ranges: ["2,3,4", "8,9", ""],
      patched: "0,1,99,3,4,5",
      appended: "one\ntwo\n",
      listed: ["a.txt", "b"],
      renamed: ["undefined", "moved", "deep"],
      overwritten: "new",
      folderOntoFull: expect.stringMatching(/^E_FILE: .*something is already there/),
      locked: expect.stringMatching(/^E_LOCKED: .*is held by this page or by another tab/),
      free: "no error",
      removed: "undefined",
      finished: ["undefined", "kept", ".hidden"],
    });
  });

  test("a folder's rename is left alone by whoever opens the files at the same time, and one that cannot be finished is a sentence", async () => {
    expect(await call("withFiles", renamesAtOnce)).toEqual({
      renamed: "no error",
      opened: "no error",
      listed: 40,
      unfinishable: expect.stringMatching(/^E_FILE: .*cannot be opened: a folder is where a file is expected/),
    });
  });

  test("a new file is there when it is whole, or not at all", async () => {
    expect(await call("withFiles", newFiles)).toEqual({
      full: expect.stringMatching(/^E_FILE: .*u\/new\.txt cannot be written: the browser grants this page no more space/),
      afterFull: ["undefined", "old", ""],
      during: ["undefined", 1],
      afterwards: ["whole", ""],
      leftover: ["", "unseen"],
      tooOld: expect.stringMatching(/^E_FILE: .*cannot be opened: this browser is too old to write files of a page\. Hint: /),
    });
  });

  test("workers answer in order, hand errors back, and die with a sentence", async () => {
    const outcome = await call(
      "withFiles",
      `await using worker = await workers.start(new URL("/worker.js", location.href));
       const answers = await Promise.all([1, 2, 3].map((n) => worker.call({ n })));
       const bad = await failure(() => worker.call({ n: -1 }));
       const absent = await failure(() => workers.start(new URL("/absent.js", location.href)));
       return { answers, bad, absent };`,
    );
    expect(outcome).toEqual({
      answers: [2, 4, 6],
      bad: "E_NEGATIVE: -1 is negative",
      absent: expect.stringMatching(/^E_WORKER: E_WORKER absent\.js could not be loaded/),
    });
    expect(troubles.filter((text) => !text.includes("404"))).toEqual([]);
  });
});

/** The files of a folder as the page takes them: path below `target` -> base64. */
function filesOf(folder: string, target: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    names.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [target + path.slice(folder.length), readFileSync(path).toString("base64")];
    }),
  );
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const worker = `export async function handle({ n }) {
  if (n < 0) throw Object.assign(new Error(n + " is negative"), { name: "AttuneError", code: "E_NEGATIVE" });
  return { response: 2 * n };
}`;

const filesContract = `
  const shown = (bytes) => [...bytes].join(",");
  await files.makeFolder("t/b");
  const out = {};
  out.missing = String(await files.status("t/nothing"));
  out.readMissing = await failure(() => files.read("t/nothing/here"));
  out.noFolder = await failure(() => files.write("t/no/such.txt", "x"));
  await files.write("t/a.txt", new Uint8Array([0xff, 0xfe]));
  out.notUtf8 = await failure(() => files.readText("t/a.txt"));
  await files.write("t/a.txt", new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  {
    await using file = await files.open("t/a.txt", "read");
    out.ranges = [shown(await file.read(2, 3)), shown(await file.read(8, 9)), shown(await file.read(50, 1))];
  }
  {
    await using file = await files.open("t/a.txt", "update");
    await file.write(2, new Uint8Array([99]));
    await file.truncate(6);
    await file.sync();
    out.patched = shown(await files.read("t/a.txt"));
  }
  await files.append("t/b/log.txt", "one\\n");
  await files.append("t/b/log.txt", "two\\n");
  out.appended = await files.readText("t/b/log.txt");
  out.listed = await files.list("t");
  await files.makeFolder("t/b/inner");
  await files.write("t/b/inner/deep.txt", "deep");
  await files.write("t/b/moved.txt", "moved");
  await files.rename("t/b", "t/c");
  out.renamed = [String(await files.status("t/b")), await files.readText("t/c/moved.txt"), await files.readText("t/c/inner/deep.txt")];
  await files.write("t/old.txt", "old");
  await files.write("t/new.txt", "new");
  await files.rename("t/new.txt", "t/old.txt");
  out.overwritten = await files.readText("t/old.txt");
  await files.makeFolder("t/empty");
  out.folderOntoFull = await failure(() => files.rename("t/empty", "t/c"));
  const lock = await files.lock("t/.lock");
  out.locked = await failure(() => files.lock("/t/.lock"));
  await lock[Symbol.asyncDispose]();
  out.free = await failure(async () => (await files.lock("t/.lock"))[Symbol.asyncDispose]());
  // A tab that was closed in the middle of a folder's rename: one file has moved, one has not.
  const root = await navigator.storage.getDirectory();
  const journal = await root.getDirectoryHandle(".attune-renames", { create: true });
  await files.makeFolder("t/half"); await files.makeFolder("t/whole");
  await files.write("t/half/second.txt", "kept");
  await files.write("t/whole/first.txt", "first");
  await files.write(".attune-renames/1.json", JSON.stringify({ from: "t/half", to: "t/whole" }));
  const again = await createBrowserFiles();
  out.finished = [String(await again.status("t/half")), await again.readText("t/whole/second.txt"),
    (await again.list("/")).includes(".attune-renames") ? "seen" : ".hidden"];
  await files.remove("t");
  await files.remove("t");
  out.removed = String(await files.status("t"));
  return out;
`;

const renamesAtOnce = `
  await files.makeFolder("u/many/inner");
  for (let i = 0; i < 40; i++) await files.write((i < 20 ? "u/many/" : "u/many/inner/") + i, String(i));
  // While the first file is moved, another page opens the files; what it does to the rename it has done long before the next file.
  const { prototype } = FileSystemFileHandle;
  const { move } = prototype;
  let opened;
  prototype.move = async function (...to) {
    prototype.move = move;
    opened = failure(() => createBrowserFiles());
    await Promise.race([opened, new Promise((resolve) => setTimeout(resolve, 500))]);
    return move.apply(this, to);
  };
  const out = { renamed: await failure(() => files.rename("u/many", "u/moved")), opened: await opened };
  out.listed = (await files.list("u/moved")).length - 1 + (await files.list("u/moved/inner")).length;
  await files.makeFolder("u/folder");
  await files.write("u/file.txt", "a file where the rename wants a folder");
  await files.write(".attune-renames/2.json", JSON.stringify({ from: "u/folder", to: "u/file.txt/folder" }));
  out.unfinishable = await failure(() => createBrowserFiles());
  await files.remove(".attune-renames/2.json");
  await files.remove("u");
  return out;
`;

const newFiles = `
  const out = {};
  const root = await navigator.storage.getDirectory();
  const unfinished = async () => Array.fromAsync((await root.getDirectoryHandle(".attune-unfinished", { create: true })).keys());
  await files.makeFolder("u");
  await files.write("u/old.txt", "old");
  const { prototype } = FileSystemWritableFileStream;
  const { write } = prototype;
  // A disk that is full.
  prototype.write = () => Promise.reject(new DOMException("full", "QuotaExceededError"));
  out.full = await failure(() => files.write("u/new.txt", "new"));
  await failure(() => files.write("u/old.txt", "new"));
  prototype.write = write;
  out.afterFull = [String(await files.status("u/new.txt")), await files.readText("u/old.txt"), (await unfinished()).join()];
  // Files that are opened while another page writes, when the new file has all but its name.
  const { move } = FileSystemFileHandle.prototype;
  const gate = Promise.withResolvers();
  const begun = Promise.withResolvers();
  FileSystemFileHandle.prototype.move = async function (...to) { begun.resolve(); await gate.promise; return move.apply(this, to); };
  const writing = files.write("u/slow.txt", "whole");
  await begun.promise;
  await createBrowserFiles();
  out.during = [String(await files.status("u/slow.txt")), (await unfinished()).length];
  gate.resolve();
  await writing;
  FileSystemFileHandle.prototype.move = move;
  out.afterwards = [await files.readText("u/slow.txt"), (await unfinished()).join()];
  // A tab that was closed while it wrote.
  await files.write(".attune-unfinished/left", "half");
  const again = await createBrowserFiles();
  out.leftover = [(await unfinished()).join(), (await again.list("/")).includes(".attune-unfinished") ? "seen" : "unseen"];
  const handles = FileSystemFileHandle.prototype;
  const { createWritable } = handles;
  delete handles.createWritable;
  out.tooOld = await failure(() => createBrowserFiles());
  handles.createWritable = createWritable;
  await files.remove("u");
  return out;
`;
