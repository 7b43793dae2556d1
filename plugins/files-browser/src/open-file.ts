// An open file over a handle. The browser shows what was written only after its stream is closed: that is what `sync` and every read do first.

import { AttuneError, type OpenFile } from "@attune/core";
import { explained, type File } from "./entries.ts";

/** Opens a handle; with `empty`, all that was in it is gone. */
export async function openBrowserFile(
  handle: File,
  path: string,
  { writable, empty }: { writable: boolean; empty: boolean },
): Promise<OpenFile> {
  let stream: FileSystemWritableFileStream | undefined;
  const streamOf = async (): Promise<FileSystemWritableFileStream> => {
    if (!writable) throw new AttuneError({ code: "E_FILE", place: path, problem: "cannot be written: it was opened for reading" });
    return (stream ??= await handle.createWritable({ keepExistingData: true }));
  };
  const flush = async (): Promise<void> => {
    const open = stream;
    stream = undefined;
    await open?.close();
  };
  const current = async (): Promise<Blob> => {
    await flush();
    return handle.getFile();
  };
  if (empty) await explained(path, "written", async () => (await handle.createWritable()).close());
  return {
    path,
    size: () => explained(path, "read", async () => (await current()).size),
    read: (offset, length) =>
      explained(path, "read", async () => new Uint8Array(await (await current()).slice(offset, offset + length).arrayBuffer())),
    write: (offset, bytes) =>
      explained(path, "written", async () => {
        const open = await streamOf();
        // A stream writes beyond the end only after the file was made longer.
        await open.write({ type: "write", position: offset, data: bytes as Uint8Array<ArrayBuffer> });
      }),
    truncate: (size) => explained(path, "cut", async () => (await streamOf()).truncate(size)),
    sync: () => explained(path, "written", flush),
    [Symbol.asyncDispose]: () => explained(path, "closed", flush),
  };
}
