// The versions that a result is recorded with.

import { readFileSync } from "node:fs";

/** This package's version, from its package.json (two folders up, in the sources as in the build). */
export function attuneVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  return manifest.version;
}
