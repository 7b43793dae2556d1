// Files and Workers for Node, Bun and Deno, from node:fs/promises and node:worker_threads alone.

import { definePlugin, type Files } from "@attune/core";
import { z } from "zod";
import { createNodeFiles } from "./node-files.ts";

export { createNodeFiles } from "./node-files.ts";
export { createNodeWorkers } from "./node-workers.ts";

declare module "@attune/core" {
  interface PluginKinds {
    files: Files;
  }
}

/** The plugin of kind "files" named "node": the file system of this machine. */
const nodeFiles = definePlugin({
  kind: "files",
  name: "node",
  summary: "the file system of this machine (Node, Bun, Deno)",
  options: z.strictObject({}),
  create: () => createNodeFiles(),
});

export default nodeFiles;
