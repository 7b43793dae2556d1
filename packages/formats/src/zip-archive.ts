// The directory of a zip file, zip64 included, and where its entries lie. Entries must be stored as they are, as torch.save writes them:
// compressed and encrypted ones are refused when they are asked for, so that a file never holds more than its own bytes.

import { show, type OpenFile } from "@attune/core";
import { pickleError } from "./pickle-error.ts";

/** An entry as the directory describes it. */
export interface ZipEntry {
  /** Of its local header. */
  readonly offset: number;
  readonly bytes: number;
  /** Neither compressed nor encrypted. */
  readonly stored: boolean;
}

const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
const CENTRAL = 0x02014b50;
const CENTRAL_BYTES = 46;
const END = 0x06054b50;
const END_BYTES = 22;
const END64_LOCATOR = 0x07064b50;
const END64_LOCATOR_BYTES = 20;
const END64 = 0x06064b50;
const END64_BYTES = 56;
const LONGEST_COMMENT = 0xffff;
/** The directory of 400,000 storages. */
const LARGEST_DIRECTORY = 1 << 25;
/** Stands in a field of 32 bits for "see the zip64 field". */
const ELSEWHERE = 0xffffffff;

/** Whether a file that starts like this is a zip. */
export function isZip(start: Uint8Array): boolean {
  return start.length >= 4 && viewOf(start).getUint32(0, true) === LOCAL;
}

/** The entries by name, in the order of the file's directory. E_PICKLE_CONTAINER when the directory is damaged. */
export async function readZip(file: OpenFile): Promise<Map<string, ZipEntry>> {
  const { offset, bytes } = await findDirectory(file);
  if (bytes > LARGEST_DIRECTORY) throw damaged(file, `has ${bytes} bytes`);
  const directory = await readExactly(file, offset, bytes);
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at < bytes;) {
    if (bytes - at < CENTRAL_BYTES || viewOf(directory, at).getUint32(0, true) !== CENTRAL) throw damaged(file, "is damaged");
    const { name, entry, next } = parseEntry(directory, at, file);
    if (entries.has(name)) throw damaged(file, `names ${show(name)} twice`);
    entries.set(name, entry);
    at = next;
  }
  return entries;
}

/** Where an entry's content starts. E_PICKLE_CONTAINER when it is not stored or does not lie inside of the file. */
export async function contentOffset(file: OpenFile, { offset, bytes, stored }: ZipEntry, name: string): Promise<number> {
  if (!stored) throw pickleError("E_PICKLE_CONTAINER", file.path, `has ${show(name)} compressed or encrypted, which torch.save never does`);
  const header = viewOf(await readExactly(file, offset, LOCAL_BYTES));
  if (header.getUint32(0, true) !== LOCAL) throw damaged(file, `says that ${show(name)} is where it is not`);
  const start = offset + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
  if (start + bytes > (await file.size())) throw damaged(file, `holds only a part of ${show(name)}`);
  return start;
}

/** From the record at the end of the file, behind which there may be a comment. */
async function findDirectory(file: OpenFile): Promise<{ offset: number; bytes: number }> {
  const size = await file.size();
  const tailStart = Math.max(0, size - END_BYTES - LONGEST_COMMENT);
  const tail = await readExactly(file, tailStart, size - tailStart);
  const view = viewOf(tail);
  let end = tail.length - END_BYTES;
  while (end >= 0 && !(view.getUint32(end, true) === END && end + END_BYTES + view.getUint16(end + 20, true) === tail.length)) end--;
  if (end < 0) throw pickleError("E_PICKLE_TRUNCATED", file.path, "is a zip file without its end");
  const offset = view.getUint32(end + 16, true);
  const bytes = view.getUint32(end + 12, true);
  return offset === ELSEWHERE || bytes === ELSEWHERE ? findDirectory64(file, tailStart + end) : { offset, bytes };
}

async function findDirectory64(file: OpenFile, end: number): Promise<{ offset: number; bytes: number }> {
  const locator = viewOf(await readExactly(file, end - END64_LOCATOR_BYTES, END64_LOCATOR_BYTES));
  if (locator.getUint32(0, true) !== END64_LOCATOR) throw damaged(file, "is damaged");
  const record = viewOf(await readExactly(file, number64(locator, 8), END64_BYTES));
  if (record.getUint32(0, true) !== END64) throw damaged(file, "is damaged");
  return { offset: number64(record, 48), bytes: number64(record, 40) };
}

function parseEntry(directory: Uint8Array, at: number, file: OpenFile): { name: string; entry: ZipEntry; next: number } {
  const view = viewOf(directory, at);
  const extraStart = CENTRAL_BYTES + view.getUint16(28, true);
  const extraEnd = extraStart + view.getUint16(30, true);
  const next = extraEnd + view.getUint16(32, true);
  if (next > view.byteLength) throw damaged(file, "is damaged");
  const name = new TextDecoder().decode(directory.subarray(at + CENTRAL_BYTES, at + extraStart));
  const fields = [view.getUint32(24, true), view.getUint32(20, true), view.getUint32(42, true)]; // size, compressed size, offset
  const [bytes, compressed, offset] = widen(fields, view, extraStart, extraEnd) ?? [];
  if (offset === undefined) throw damaged(file, "is damaged");
  const stored = view.getUint16(10, true) === 0 && (view.getUint16(8, true) & 1) === 0 && bytes === compressed;
  return { name, entry: { offset, bytes, stored }, next: at + next };
}

/** Fields that are full are in the zip64 extra field, in their order; undefined when they are not. */
function widen(fields: readonly number[], view: DataView, start: number, end: number): number[] | undefined {
  if (!fields.includes(ELSEWHERE)) return [...fields];
  for (let at = start; at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let from = at + 4;
    const wide = fields.map((field) => {
      if (field !== ELSEWHERE) return field;
      from += 8;
      return from <= end ? number64(view, from - 8) : undefined;
    });
    return wide.includes(undefined) ? undefined : (wide as number[]);
  }
  return undefined;
}

async function readExactly(file: OpenFile, offset: number, length: number): Promise<Uint8Array> {
  // Larger than any file, or negative: nothing is read, let alone allocated.
  const bytes = offset < 0 || offset + length > (await file.size()) ? undefined : await file.read(offset, length);
  if (bytes?.length !== length) throw damaged(file, "points behind its own end");
  return bytes;
}

/** 2^64 and beyond 2^53 alike are larger than any file. */
function number64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function viewOf(bytes: Uint8Array, at = 0): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + at, bytes.byteLength - at);
}

function damaged(file: OpenFile, problem: string): Error {
  return pickleError("E_PICKLE_CONTAINER", file.path, `is a zip file whose directory ${problem}`, "make or download it again");
}
