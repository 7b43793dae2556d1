// A file of the token cache: a header, the SHA-256 of all that follows, then keys, lengths and ids as they are in memory (little-endian).
// A file that is not whole is no file: whoever reads it gets nothing.

import type { Files } from "@attune/core";
import { TYPED, type TokenEntries } from "./token-table.ts";

const MAGIC = 0x6b_74_74_61; // "attk"
const VERSION = 1;
/** Magic, version, bytes of an id, entries, ids; then the checksum. */
const HEADER = 5 * 4;
const CHECKSUM = 32;

/** Writes entries; the file is there as a whole or not at all. E_FILE. */
export async function writeShard(files: Files, path: string, { keys, lengths, values }: TokenEntries): Promise<void> {
  const body = new Uint8Array(keys.byteLength + lengths.byteLength + values.byteLength);
  let at = 0;
  for (const part of [keys, lengths, values]) {
    body.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  const header = Uint32Array.of(MAGIC, VERSION, values.BYTES_PER_ELEMENT, lengths.length, values.length);
  const whole = new Uint8Array(HEADER + CHECKSUM + body.length);
  whole.set(new Uint8Array(header.buffer));
  whole.set(new Uint8Array(await crypto.subtle.digest("SHA-256", body)), HEADER);
  whole.set(body, HEADER + CHECKSUM);
  await files.write(path, whole);
}

/** The entries of a file; undefined where it is damaged. */
export async function readShard(files: Files, path: string): Promise<TokenEntries | undefined> {
  const bytes = await files.read(path);
  if (bytes.length < HEADER + CHECKSUM) return undefined;
  const [magic, version, width, entries, count] = new Uint32Array(bytes.slice(0, HEADER).buffer);
  const body = bytes.slice(HEADER + CHECKSUM);
  const known = magic === MAGIC && version === VERSION && (width === 2 || width === 4);
  if (!known || body.length !== entries * 20 + count * width) return undefined;
  const checksum = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  if (checksum.some((byte, i) => byte !== bytes[HEADER + i])) return undefined;
  const lengths = new Uint32Array(body.buffer, entries * 16, entries);
  const ids = lengths.reduce((sum, length) => sum + (length >= TYPED ? 2 * (length & ~TYPED) : length), 0);
  if (ids !== count) return undefined;
  const values = new (width === 2 ? Uint16Array : Uint32Array)(body.buffer, entries * 20, count);
  return { keys: new Uint32Array(body.buffer, 0, 4 * entries), lengths, values };
}
