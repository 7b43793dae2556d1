// The interface Files over the origin private file system. Paths begin at the origin's root, with or without a slash.
// Whole-file writes are atomic: the browser swaps an old file when the stream is closed, a new one is moved to its name; renames of folders by a journal.

import { AttuneError, baseName, folderOf, type Files, type FileStatus } from "@attune/core";
import { explained, fileAt, folderAt, missingFeature, namesOf } from "./entries.ts";
import { lockPath } from "./lock.ts";
import { openBrowserFile } from "./open-file.ts";
import { finishRenames, JOURNAL, renameFile, renameFolder } from "./rename.ts";
import { removeLeftovers, UNFINISHED, writeFile } from "./write-file.ts";

/**
 * The private file system of this page's origin; renames that a closed tab left are finished first, and files that it did not finish are removed. E_FILE
 * where the browser has none, or cannot write it.
 */
export async function createBrowserFiles(): Promise<Files> {
  const missing = missingFeature();
  if (missing !== undefined) {
    const hint = "serve the page over https to a current browser (Safari writes such files from version 26 on)";
    throw new AttuneError({ code: "E_FILE", place: "/", problem: `cannot be opened: ${missing}`, hint });
  }
  const root = await explained("/", "opened", () => navigator.storage.getDirectory());
  await explained("/", "opened", () => finishRenames(root));
  await explained("/", "opened", () => removeLeftovers(root));
  const status = (path: string): Promise<FileStatus | undefined> => explained(path, "looked at", () => statusOf(root, path));
  const read = (path: string): Promise<Uint8Array> =>
    explained(path, "read", async () => new Uint8Array(await (await (await fileAt(root, path)).getFile()).arrayBuffer()), true);
  const files: Files = {
    status,
    open: (path, mode) =>
      explained(
        path,
        mode === "read" ? "read" : "written",
        async () => {
          const handle = await fileAt(root, path, mode !== "read");
          return openBrowserFile(handle, path, { writable: mode !== "read", empty: mode === "write" });
        },
        mode === "read",
      ),
    read,
    readText: async (path) => decode(await read(path), path),
    write: (path, content) => explained(path, "written", () => writeFile(root, path, content, { append: false })),
    append: (path, content) => explained(path, "written", () => writeFile(root, path, content, { append: true })),
    async rename(from, to) {
      const found = await status(from);
      if (!found) throw new AttuneError({ code: "E_NO_FILE", place: from, problem: "does not exist", hint: "check the path" });
      const rename = found.kind === "file" ? renameFile : renameFolder;
      if (found.kind === "folder") await expectFree(root, to);
      await explained(to, "written", () => rename(root, { from, to }));
    },
    remove: (path) => explained(path, "removed", () => remove(root, path)),
    list: (path) => explained(path, "listed", () => list(root, path), true),
    makeFolder: (path) => explained(path, "made", async () => void (await folderAt(root, path, true))),
    lock: (path) => lockPath(`/${namesOf(path).join("/")}`),
  };
  return files;
}

/** One of a folder's entries, whatever it is. */
async function statusOf(root: FileSystemDirectoryHandle, path: string): Promise<FileStatus | undefined> {
  try {
    const file = await (await fileAt(root, path)).getFile();
    return { size: file.size, kind: "file", modified: file.lastModified };
  } catch (error) {
    if (!isAbsent(error) && !(error instanceof TypeError)) throw error; // the root has no name: it is a folder
  }
  try {
    await folderAt(root, path);
    return { size: 0, kind: "folder", modified: 0 };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Nothing by that name, or something of another kind. */
function isAbsent(error: unknown): boolean {
  return error instanceof DOMException && ["NotFoundError", "TypeMismatchError"].includes(error.name);
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AttuneError({ code: "E_FILE", place: path, problem: "is not valid UTF-8", hint: "save the file as UTF-8", cause });
  }
}

async function remove(root: FileSystemDirectoryHandle, path: string): Promise<void> {
  try {
    await (await folderAt(root, folderOf(path))).removeEntry(baseName(path), { recursive: true });
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

async function list(root: FileSystemDirectoryHandle, path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const name of (await folderAt(root, path)).keys()) if (name !== JOURNAL && name !== UNFINISHED) names.push(name);
  return names.sort();
}

/** A folder is renamed to a name that is free, or to an empty folder. */
async function expectFree(root: FileSystemDirectoryHandle, path: string): Promise<void> {
  const found = await statusOf(root, path);
  if (!found || (found.kind === "folder" && (await list(root, path)).length === 0)) return;
  throw new AttuneError({ code: "E_FILE", place: path, problem: "cannot be written: something is already there", hint: "remove it first" });
}
