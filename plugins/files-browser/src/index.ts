// Files and Workers for a page in a browser: the origin private file system (OPFS), web locks and module workers.

import { definePlugin, type Files } from "@attune/core";
import { z } from "zod";
import { createBrowserFiles } from "./browser-files.ts";
import { missingFeature } from "./entries.ts";

export { createBrowserFiles } from "./browser-files.ts";
export { createBrowserWorkers } from "./browser-workers.ts";

declare module "@attune/core" {
  interface PluginKinds {
    files: Files;
  }
}

/** The plugin of kind "files" named "browser": the private file system of the page's origin. */
const browserFiles = definePlugin({
  kind: "files",
  name: "browser",
  summary: "the private file system of a page's origin (OPFS)",
  options: z.strictObject({}),
  available: () => missingFeature() ?? true,
  create: () => createBrowserFiles(),
});

export default browserFiles;
