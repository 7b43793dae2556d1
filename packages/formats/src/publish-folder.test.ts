import { AttuneError, type Files } from "@attune/core";
import { describe, expect, test } from "vitest";
import { memoryFiles, type MemoryFiles } from "../test/memory-files.ts";
import { publishFolder } from "./publish-folder.ts";

const before = {
  "out/config.json": "old",
  "out/model.safetensors": "old",
  "out/added_tokens.json": "old",
  "out/README.md": "old",
  "out/1_Pooling/config.json": "old",
  "out/2_Dense/model.safetensors": "old",
};
/** What else lies in the folder of a training. */
const others = {
  "out/attune.json": "other",
  "out/log.jsonl": "other",
  "out/checkpoint-5/model.safetensors": "other",
  "out/notes.txt": "other",
};
const after = {
  "out/config.json": "new",
  "out/model-00001-of-00002.safetensors": "new",
  "out/model-00002-of-00002.safetensors": "new",
  "out/model.safetensors.index.json": "new",
  "out/README.md": "new",
  "out/1_Pooling/config.json": "new",
};

async function fill(files: Files, temporary: string): Promise<void> {
  for (const path of Object.keys(after)) await files.write(path.replace("out", temporary), "new");
}

/** Files by path; folders do not count. */
function filesOf({ contents }: MemoryFiles): Record<string, string> {
  const all = [...contents].filter(([path]) => !path.endsWith("/"));
  return Object.fromEntries(all.map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]));
}

/** The same files, where `fails` says of each change in its order whether it comes to nothing. */
function failing(files: MemoryFiles, fails: (change: number) => boolean): Files & { changes: number } {
  const counted = { ...files, changes: 0 };
  const change = async (path: string, work: () => Promise<void>): Promise<void> => {
    if (fails(counted.changes++)) throw new AttuneError({ code: "E_FILE", place: path, problem: "cannot be changed" });
    await work();
  };
  counted.rename = (from, to) => change(from, () => files.rename(from, to));
  counted.remove = (path) => change(path, () => files.remove(path));
  counted.makeFolder = (path) => change(path, () => files.makeFolder(path));
  counted.write = (path, content) => change(path, () => files.write(path, content));
  return counted;
}

const start = (): MemoryFiles => memoryFiles({ ...before, ...others });

/** How many changes a publication makes. */
async function changes(): Promise<number> {
  const files = failing(start(), () => false);
  await publishFolder(files, "out", (temporary) => fill(files, temporary));
  return files.changes;
}

test("the new model takes the place of the old one, beside files of other kinds", async () => {
  const files = start();
  await publishFolder(files, "out", (temporary) => fill(files, temporary));
  expect(filesOf(files)).toEqual({ ...after, ...others });
  expect((await files.list("out")).filter((name) => name.includes("tmp"))).toEqual([]);
});

test("whichever change fails, there is the model of before or the new one, and nothing else", async () => {
  const [count, seen] = [await changes(), new Set<object>()];
  for (let change = 0; change < count; change++) {
    const files = start();
    const broken = failing(files, (one) => one === change);
    const work = publishFolder(broken, "out", (temporary) => fill(broken, temporary));
    const model = await work.then(
      () => after,
      () => before,
    );
    seen.add(model);
    // What could not be cleared away after it is no failure of the model.
    const lasting = Object.fromEntries(Object.entries(filesOf(files)).filter(([path]) => !/\.tmp\//.test(path)));
    expect({ change, ...lasting }).toEqual({ change, ...model, ...others });
  }
  expect(seen.size).toBe(2);
});

describe("whenever it is killed", () => {
  /** What a publication leaves that ends at so many changes. */
  async function killedAt(change: number) {
    const files = start();
    const killed = failing(files, (one) => one >= change);
    await publishFolder(killed, "out", (temporary) => fill(killed, temporary)).catch(() => undefined);
    return files;
  }

  test("the next one puts the folder in order, even when it fails itself", async () => {
    const count = await changes();
    for (let change = 0; change <= count; change++) {
      const files = await killedAt(change);
      const full = publishFolder(files, "out", async () => Promise.reject(new Error("disk full")));
      await expect(full).rejects.toThrow("disk full");
      const model = filesOf(files);
      expect({ change, ...model }).toEqual({ change, ...(model["out/config.json"] === "new" ? after : before), ...others });
    }
  });

  test("nothing that loads is half there", async () => {
    const count = await changes();
    for (let change = 0; change <= count; change++) {
      const files = await killedAt(change);
      const model = Object.fromEntries(Object.entries(filesOf(files)).filter(([path]) => !/\.tmp\//.test(path)));
      const entry = model["out/config.json"];
      if (entry !== undefined) expect({ change, ...model }).toEqual({ change, ...(entry === "new" ? after : before), ...others });
    }
  });

  test("a next one that succeeds leaves the new model alone", async () => {
    const count = await changes();
    for (let change = 0; change <= count; change++) {
      const files = await killedAt(change);
      await publishFolder(files, "out", (temporary) => fill(files, temporary));
      expect({ change, ...filesOf(files) }).toEqual({ change, ...after, ...others });
    }
  });
});
