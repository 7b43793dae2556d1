// What the hub says about a file's bytes: SHA-256 for large files, git's own SHA-1 for small ones. Both name the blob in the cache, too.

import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import type { OpenFile } from "@attune/core";

const CHUNK = 1 << 22;

/** A hash of the kind that `oid` is one of; git's covers the size as well. */
export function hashFor(oid: string, size: number): Hash {
  return oid.length === 64 ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
}

/** Feeds the first `length` bytes of a file to a hash. */
export async function hashBeginning(file: OpenFile, length: number, hash: Hash): Promise<void> {
  for (let offset = 0; offset < length;) {
    const bytes = await file.read(offset, Math.min(CHUNK, length - offset));
    if (bytes.length === 0) return;
    hash.update(bytes);
    offset += bytes.length;
  }
}
