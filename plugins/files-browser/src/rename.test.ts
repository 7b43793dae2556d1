// Renames of folders that a browser lists page by page, with folders in memory in its place; real ones are looked at by tests/browser.

import { expect, onTestFinished, test, vi } from "vitest";
import { renameFolder } from "./rename.ts";

/** Entries of a page, as Firefox has 1024. */
const PAGE = 4;

class File {
  readonly kind = "file";
  readonly name: string;
  folder: Folder;

  constructor(folder: Folder, name: string) {
    this.folder = folder;
    this.name = name;
  }

  async move(folder: Folder, name: string): Promise<void> {
    this.folder.children.delete(this.name);
    folder.children.set(name, this);
    this.folder = folder;
  }

  async createWritable() {
    return { write: async () => {}, close: async () => {} };
  }
}

class Folder {
  readonly kind = "directory";
  readonly children = new Map<string, File | Folder>();

  async getDirectoryHandle(name: string, { create = false } = {}): Promise<Folder> {
    if (create && !this.children.has(name)) this.children.set(name, new Folder());
    const found = this.children.get(name);
    if (found instanceof Folder) return found;
    throw new DOMException(name, "NotFoundError");
  }

  async getFileHandle(name: string): Promise<File> {
    const file = new File(this, name);
    this.children.set(name, file);
    return file;
  }

  async removeEntry(name: string): Promise<void> {
    this.children.delete(name);
  }

  async *entries(): AsyncGenerator<[string, File | Folder]> {
    for (let from = 0; ; from += PAGE) {
      const page = [...this.children].slice(from, from + PAGE);
      if (page.length === 0) return;
      yield* page;
    }
  }
}

test("a folder of more than a page moves whole", async () => {
  vi.stubGlobal("navigator", { locks: { request: (_: string, work: () => Promise<void>) => work() } });
  onTestFinished(() => void vi.unstubAllGlobals());
  const root = new Folder();
  const before = await root.getDirectoryHandle("before", { create: true });
  const names = Array.from({ length: 3 * PAGE - 1 }, (_, i) => `file ${i}`);
  for (const name of names) await before.getFileHandle(name);
  await renameFolder(root as unknown as FileSystemDirectoryHandle, { from: "before", to: "after" });
  expect([...(await root.getDirectoryHandle("after")).children.keys()]).toEqual(names);
  expect(root.children.has("before")).toBe(false);
});
