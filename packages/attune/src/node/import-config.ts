// attune.config.ts as a module.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** The default export of a module. */
export async function importConfig(path: string): Promise<unknown> {
  const module = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown };
  return module.default;
}
