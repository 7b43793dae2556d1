// hnswlib does not look whether the disk took what it wrote: a disk that is full, or a file system that takes no file of this size, leaves the beginning
// of a graph, and no error. What the file says of itself tells whether its end is there.

import { open, type FileHandle } from "node:fs/promises";
import { AttuneError } from "@attune/core";

/** Bytes before the elements; in them, at these offsets, how many elements there are and how many bytes each has. */
const HEADER = { bytes: 96, count: 16, elementBytes: 24 };

/** E_FILE for a file that ends before the graph does. */
export async function expectWhole(path: string): Promise<void> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (await isWhole(file, size)) return;
    throw new AttuneError({
      code: "E_FILE",
      place: path,
      problem: `was cut off after ${size} bytes while it was written`,
      hint: "see whether the disk is full, and whether it takes files of this size",
    });
  } finally {
    await file.close();
  }
}

async function isWhole(file: FileHandle, size: number): Promise<boolean> {
  if (size < HEADER.bytes) return false;
  const header = await bytesOf(file, 0, HEADER.bytes);
  const count = Number(header.getBigUint64(HEADER.count, true));
  const links = HEADER.bytes + count * Number(header.getBigUint64(HEADER.elementBytes, true));
  return size > links && holdsLinks(await bytesOf(file, links, size - links), count);
}

/** Whether bytes hold the upper links of so many elements: how many bytes these have, and they themselves. */
function holdsLinks(bytes: DataView, count: number): boolean {
  let at = 0;
  for (let element = 0; element < count; element++) {
    if (at + 4 > bytes.byteLength) return false;
    at += 4 + bytes.getUint32(at, true);
  }
  return at === bytes.byteLength;
}

async function bytesOf(file: FileHandle, position: number, length: number): Promise<DataView> {
  const { buffer } = await file.read(new Uint8Array(length), { position });
  return new DataView(buffer.buffer);
}
