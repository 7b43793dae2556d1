// Renames that survive a closed tab. A file moves in one step; a folder moves file by file, so its rename is written down first and brought to
// its end when the file system is opened again: there is the old folder or the new one, never half of one.

import { baseName, folderOf, joinPath } from "@attune/core";
import { fileAt, folderAt, namesOf, type File } from "./entries.ts";

/** Where the renames of folders under way are written down; nobody else sees it. */
export const JOURNAL = ".attune-renames";

/** Held while folders are moved, so that nobody takes the rename of a live page for one that a closed tab left. */
const LOCK = "attune renames";

interface Rename {
  readonly from: string;
  readonly to: string;
}

/** Moves a file over what is at `to`. */
export async function renameFile(root: FileSystemDirectoryHandle, { from, to }: Rename): Promise<void> {
  const file = await fileAt(root, from);
  await file.move(await folderAt(root, folderOf(to)), baseName(to));
}

/** Moves a folder; nothing, or an empty folder, may be at `to`. */
export function renameFolder(root: FileSystemDirectoryHandle, rename: Rename): Promise<void> {
  return navigator.locks.request(LOCK, async () => {
    const journal = await folderAt(root, JOURNAL, true);
    const name = `${crypto.randomUUID()}.json`;
    const entry = await journal.getFileHandle(name, { create: true });
    const stream = await entry.createWritable();
    await stream.write(JSON.stringify(rename));
    await stream.close();
    await moveAll(root, rename);
    await journal.removeEntry(name);
  });
}

/** Brings to their end the renames that a closed tab left; those under way are waited for. */
export function finishRenames(root: FileSystemDirectoryHandle): Promise<void> {
  return navigator.locks.request(LOCK, () => finishAll(root));
}

async function finishAll(root: FileSystemDirectoryHandle): Promise<void> {
  const journal = await folderAt(root, JOURNAL).catch(() => undefined);
  if (!journal) return;
  for (const name of await Array.fromAsync(journal.keys())) {
    const text = await (await (await journal.getFileHandle(name)).getFile()).text();
    if (text !== "") await moveAll(root, JSON.parse(text) as Rename); // an empty entry: its tab was closed before it moved anything
    await journal.removeEntry(name);
  }
}

/** Can be done again after any part of it. */
async function moveAll(root: FileSystemDirectoryHandle, { from, to }: Rename): Promise<void> {
  const source = await folderAt(root, from).catch(() => undefined);
  if (!source) return;
  const target = await folderAt(root, to, true);
  // All names before anything moves: browsers list large folders page by page, and would leave out what moves up meanwhile.
  for (const [name, handle] of await Array.fromAsync(source.entries())) {
    if (handle.kind === "file") await (handle as FileSystemHandle as File).move(target, name);
    else await moveAll(root, { from: joinPath(from, name), to: joinPath(to, name) });
  }
  const parent = await folderAt(root, namesOf(from).slice(0, -1).join("/"));
  await parent.removeEntry(baseName(from), { recursive: true });
}
