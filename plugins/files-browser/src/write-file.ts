// Whole files. The browser swaps a file that is there when the stream is closed, but makes a new one before: so a new one is written in a folder of
// its own and moved to its name when it is whole. What a closed tab left there is known by its lock, which is gone with the tab.

import { baseName, folderOf } from "@attune/core";
import { folderAt, type File } from "./entries.ts";

/** Where new files are written before they have their name; nobody else sees it. */
export const UNFINISHED = ".attune-unfinished";

const lockOf = (name: string): string => `attune unfinished ${name}`;

interface WriteOptions {
  /** Behind what is there. */
  readonly append: boolean;
}

/** Writes a file: there is the old one, or none, until the new one is whole. */
export async function writeFile(
  root: FileSystemDirectoryHandle,
  path: string,
  content: Uint8Array | string,
  options: WriteOptions,
): Promise<void> {
  const [folder, name] = [await folderAt(root, folderOf(path)), baseName(path)];
  const old = await folder.getFileHandle(name).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "NotFoundError") return undefined;
    throw error;
  });
  if (old) return fill(old, content, options);
  const unfinished = await folderAt(root, UNFINISHED, true);
  const temporary = crypto.randomUUID();
  await navigator.locks.request(lockOf(temporary), async () => {
    try {
      const file = (await unfinished.getFileHandle(temporary, { create: true })) as File;
      await fill(file, content, { append: false });
      await file.move(folder, name);
    } catch (error) {
      await unfinished.removeEntry(temporary).catch(() => undefined);
      throw error;
    }
  });
}

/** Removes the new files of tabs that are gone. */
export async function removeLeftovers(root: FileSystemDirectoryHandle): Promise<void> {
  const unfinished = await folderAt(root, UNFINISHED).catch(() => undefined);
  if (!unfinished) return;
  for (const name of await Array.fromAsync(unfinished.keys())) {
    await navigator.locks.request(lockOf(name), { ifAvailable: true }, async (lock) => {
      if (lock) await unfinished.removeEntry(name).catch(() => undefined); // moved or removed since it was listed
    });
  }
}

async function fill(handle: FileSystemFileHandle, content: Uint8Array | string, { append }: WriteOptions): Promise<void> {
  const stream = await handle.createWritable({ keepExistingData: append });
  try {
    if (append) await stream.seek((await handle.getFile()).size);
    await stream.write(content as Uint8Array<ArrayBuffer> | string);
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => undefined);
    throw error;
  }
}
