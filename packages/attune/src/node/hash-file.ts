// SHA-256 of files, streamed: a base model may be larger than memory.

import { createHash } from "node:crypto";
import type { Files } from "@attune/core";

const CHUNK = 1 << 22;

/** The hexadecimal SHA-256 of a file's bytes. */
export async function sha256OfFile(files: Files, path: string): Promise<string> {
  await using file = await files.open(path, "read");
  const hash = createHash("sha256");
  for (let offset = 0; ;) {
    const chunk = await file.read(offset, CHUNK);
    if (chunk.length === 0) return hash.digest("hex");
    hash.update(chunk);
    offset += chunk.length;
  }
}
