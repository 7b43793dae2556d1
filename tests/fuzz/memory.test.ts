// Memory of readers on files that are worth measuring: a process of its own reads each with a heap of no more than twice the file.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { f32, fileWith } from "../../packages/formats/test/file-with.ts";
import { checkpoint, stateDict, storage, tensor } from "../../packages/formats/test/pickle-writer.ts";
import { root } from "../lib/workspace.ts";

const folder = mkdtempSync(join(tmpdir(), "attune-memory-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MB = 1 << 20;
/** What Node and the modules take themselves. */
const OWN = 24 * MB;

const floats = 3 * MB;
const words = ["red", "blue", "kettle", "bridge", "lamp", "captain"];
const row = (i: number): string =>
  `${JSON.stringify({ anchor: `who found ${i}?`, positive: Array.from({ length: 60 }, (_, k) => words[(i * k) % 6]).join(" ") })}\n`;

const files: Record<string, () => Uint8Array | string> = {
  "rows.jsonl": () => Array.from({ length: 60_000 }, (_, i) => row(i)).join(""),
  "model.safetensors": () => fileWith({ a: f32(0, 4 * floats), b: f32(4 * floats, 8 * floats) }, 8 * floats),
  "model.bin": () => checkpoint(stateDict({ a: tensor(storage("0", floats), [floats], [1]) }), { 0: new Uint8Array(4 * floats) }),
};

/** Reads a file, tensor by tensor where it holds some, and says how much the largest resident memory grew. */
const program = `
const [kind, path] = process.argv.slice(1);
const { createNodeFiles } = await import("./plugins/files-node/src/index.ts");
const { loadRows } = await import("./packages/data/src/index.ts");
const { openPickledWeights, openSafetensors } = await import("./packages/formats/src/index.ts");
const files = createNodeFiles();
const before = process.resourceUsage().maxRSS;
if (kind === "rows.jsonl") globalThis.kept = await loadRows(files, path);
else {
  const opened = await (kind === "model.bin" ? openPickledWeights : openSafetensors)(files, path);
  for (const name of opened.names) globalThis.kept = await opened.read(name);
}
console.log((process.resourceUsage().maxRSS - before) * 1024);`;

test.each(Object.keys(files))("%s in twice its size", (name) => {
  const path = join(folder, name);
  writeFileSync(path, files[name]());
  const { size } = statSync(path);
  // Young objects stay until they are collected, which takes as long as there is room for them: little, so that it is the same in every run.
  const heap = [`--max-old-space-size=${Math.ceil((2 * size + OWN) / MB)}`, "--max-semi-space-size=2"];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...heap, "--input-type=module", "-e", program, name, path], {
    cwd: root,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  // The heap is held in by its limit; what lies beside it, as tensors do, is seen here.
  expect(Number(stdout)).toBeLessThan(2 * size + OWN);
});
