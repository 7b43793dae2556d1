import { AttuneError, type Files, type OpenFile } from "@attune/core";
import { expect, test } from "vitest";
import { readSaved, writeSaved } from "./saved-index.ts";

const expected = { index: "exact", metric: "cosine", dimension: undefined } as const;
const about = { index: "exact", metric: "cosine", dimension: 2 } as const;

interface Disk {
  readonly files: Files;
  /** By file name. */
  readonly contents: Record<string, string>;
  /** What was synced or written as a whole, in order. */
  readonly done: string[];
}

/** A folder in memory. */
function diskWith(contents: Record<string, string>): Disk {
  const done: string[] = [];
  const name = (path: string): string => path.slice("f/".length);
  const bytesOf = (path: string): Uint8Array => {
    const text = contents[name(path)];
    if (text === undefined) throw new AttuneError({ code: "E_NO_FILE", place: path, problem: "does not exist" });
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  };
  const opened = (path: string): Pick<OpenFile, "size" | "read" | "sync" | typeof Symbol.asyncDispose> => ({
    size: async () => bytesOf(path).length,
    read: async (offset, length) => bytesOf(path).slice(offset, offset + length),
    sync: async () => void done.push(`sync ${name(path)}`),
    [Symbol.asyncDispose]: async () => {},
  });
  const files: Pick<Files, "list" | "makeFolder" | "open" | "read" | "remove" | "write"> = {
    list: async () => Object.keys(contents).sort(),
    makeFolder: async () => {},
    open: async (path) => opened(path) as OpenFile,
    read: async (path) => bytesOf(path),
    remove: async (path) => void delete contents[name(path)],
    async write(path, text) {
      contents[name(path)] = String(text);
      done.push(`write ${name(path)}`);
    },
  };
  return { files: files as Files, contents, done };
}

/** Saves `text` as the whole index; gives what was there while it was written. */
async function save({ files, contents }: Disk, text: string): Promise<string[]> {
  let during: string[] = [];
  await writeSaved(files, "f", about, async (prefix) => {
    during = Object.keys(contents).sort();
    await files.write(`f/${prefix}.ids`, text);
    return { files: [`${prefix}.ids`], size: 1 };
  });
  return during;
}

test("the old index stays until the new one is there; what killed saves left is gone before, what is nobody's save stays", async () => {
  const disk = diskWith({ "save-1.ids": "half", "save-1.ids-journal": "half", "notes.txt": "mine", "save-me.txt": "mine" });
  expect(await save(disk, "first")).toEqual(["notes.txt", "save-me.txt"]);
  disk.contents["save-2.f32"] = "half"; // killed before its manifest
  disk.contents["save-0.ids"] = "old"; // killed after its manifest
  expect(await save(disk, "second")).toEqual(["index.json", "notes.txt", "save-1.ids", "save-me.txt"]);
  expect(Object.keys(disk.contents).sort()).toEqual(["index.json", "notes.txt", "save-2.ids", "save-me.txt"]);
  expect(await readSaved(disk.files, "f", expected)).toEqual({ folder: "f", files: ["save-2.ids"], dimension: 2, size: 1 });
});

test("what a store wrote is on the disk before the manifest names it and the old index goes", async () => {
  const disk = diskWith({});
  await save(disk, "first");
  disk.done.length = 0;
  const remove = disk.files.remove;
  disk.files.remove = async (path) => {
    disk.done.push(`remove ${path.slice("f/".length)}`);
    await remove(path);
  };
  await writeSaved(disk.files, "f", about, async (prefix) => {
    for (const end of ["hnsw", "ids"]) disk.contents[`${prefix}.${end}`] = "written past the files";
    return { files: [`${prefix}.hnsw`, `${prefix}.ids`], size: 1 };
  });
  expect(disk.done).toEqual(["sync save-2.hnsw", "sync save-2.ids", "write index.json", "remove save-1.ids"]);
});

test("an index.json of something else stays, and nothing is written beside it; one of another version makes way", async () => {
  const others = ['{"entries": []}', "[1]", "null", '{"format": "other-index-1"}'];
  for (const text of others) {
    const disk = diskWith({ "index.json": text, "save-3.ids": "perhaps its own" });
    await expect(save(disk, "new")).rejects.toMatchObject({
      code: "E_INDEX_FILE",
      place: "f/index.json",
      hint: "save into a folder of its own",
    });
    expect(disk.contents).toEqual({ "index.json": text, "save-3.ids": "perhaps its own" });
  }
  const disk = diskWith({ "index.json": '{"format": "attune-index-9"}' });
  await save(disk, "new");
  expect(await readSaved(disk.files, "f", expected)).toMatchObject({ files: ["save-1.ids"] });
});

test("a damaged manifest is written over; one that the system does not give stops a save before anything is removed", async () => {
  const disk = diskWith({ "index.json": "\xff\xfe", "save-7.ids": "lost" });
  await expect(readSaved(disk.files, "f", expected)).rejects.toMatchObject({ code: "E_INDEX_FILE", place: "f/index.json" });
  await save(disk, "new");
  expect(Object.keys(disk.contents).sort()).toEqual(["index.json", "save-1.ids"]);
  disk.files.read = async (path) => {
    throw new AttuneError({ code: "E_FILE", place: path, problem: "cannot be read: permission denied" });
  };
  await expect(save(disk, "newer")).rejects.toMatchObject({ code: "E_FILE" });
  expect(disk.contents["save-1.ids"]).toBe("new");
});
