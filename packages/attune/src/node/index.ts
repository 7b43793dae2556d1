// "#platform" of Node, Bun and Deno: files, threads, what is built in only here, and what a record says about the machine.
// src/browser/index.ts exports the same names for a page; package.json chooses between the two.

import type { Files, Workers } from "@attune/core";
import type { BuiltIn } from "../built-ins.ts";

export { sha256OfFile } from "./hash-file.ts";
export { importPlugins } from "./import-plugin.ts";
export { absolutePath, platformVersions } from "./platform.ts";
export { attuneVersion } from "./version.ts";

/** The file system of this machine. */
export async function openFiles(): Promise<Files> {
  const { createNodeFiles } = await import("@attune/files-node");
  return createNodeFiles();
}

/** Threads of this process. */
export async function openWorkers(): Promise<Workers> {
  const { createNodeWorkers } = await import("@attune/files-node");
  return createNodeWorkers();
}

/** What needs the machine itself. */
export const platformBuiltIns: readonly BuiltIn[] = [
  { kinds: ["backend"], load: () => import("@attune/backend-cpu") },
  { kinds: ["files"], load: () => import("@attune/files-node") },
  { kinds: ["source"], load: () => import("@attune/source-hub") },
  { kinds: ["index"], load: () => import("@attune/index-hnsw") },
  { kinds: ["index"], load: () => import("@attune/index-usearch") },
  { kinds: ["index"], load: () => import("@attune/index-sqlite") },
  { kinds: ["index"], load: () => import("@attune/index-pgvector") },
];
