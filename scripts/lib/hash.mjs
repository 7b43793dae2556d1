// Content hashes decide what set-up has to do again; times of files never do, since a clone sets them at random.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One hash over names and contents of `files` (missing ones count as such) and over `extra`. */
export function hashFiles(folder, files, extra = []) {
  const hash = createHash("sha256");
  for (const text of extra) hash.update(`${text}\0`);
  for (const file of files) {
    hash.update(`${file}\0`);
    hash.update(contentOf(join(folder, file)));
    hash.update("\0");
  }
  return hash.digest("hex");
}

/** Files below `folder` whose name `wanted` accepts, sorted, relative with "/"; folders in `skip` are not entered. */
export function filesBelow(folder, wanted, skip = new Set(), prefix = "") {
  const entries = readdirSync(join(folder, prefix), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = prefix + entry.name;
    if (entry.isDirectory()) return skip.has(entry.name) ? [] : filesBelow(folder, wanted, skip, `${path}/`);
    return wanted(entry.name) ? [path] : [];
  });
}

function contentOf(path) {
  try {
    return readFileSync(path);
  } catch {
    return "";
  }
}
